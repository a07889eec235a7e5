"""The shape of the answer to a webhook."""

from pydantic import BaseModel, Field


class Receipt(BaseModel):
    """The delivery is stored."""

    stored: int = Field(description="Events that were new; those that came before are known already.")
