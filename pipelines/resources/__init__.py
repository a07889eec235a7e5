"""What assets are handed: databases, lake, models, dbt. It knows no asset."""
