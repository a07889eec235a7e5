"""What is predicted beside the lead score: deal value, time to conversion, churn. The pipelines teach the models."""
