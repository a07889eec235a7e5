-- When somebody whom a model version learned from was erased since: the next training does not see him any more.
alter table ml.model_teaching add column erased_at timestamptz;
