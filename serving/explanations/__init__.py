"""Why a lead was scored as it was, and what people say of it. Scoring itself belongs to `serving.scores`."""
