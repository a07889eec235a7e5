"""GraphQL types and inputs made from the shapes that REST has, so that both say the same. No field is named here."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, cast, get_args, get_origin

import strawberry
from pydantic import AwareDatetime, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from strawberry.scalars import JSON

from serving.kit.problems import Problem, faults_of
from serving.kit.strict_json import check_json

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)
F = TypeVar("F", bound=Callable[..., Any])
_LARGEST = 2**63


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST <= value < _LARGEST:
        raise ValueError("must be a whole number of 64 bits")
    number: int = value
    return number


Long = NewType("Long", int)
SCALARS: Mapping[object, Any] = {
    Long: strawberry.scalar(
        name="Long", description="A whole number of 64 bits; amounts are in minor units.",
        serialize=int, parse_value=_whole,
    )
}  # fmt: skip
"""What the schema has to know of our own scalars."""


def graphql_type(annotation: Any, name: str) -> Any:
    """The GraphQL type of a field; choices are text, and their values stand in the description."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return graphql_type(get_args(annotation)[0], name)
    if origin is Literal:
        return str
    if origin is list:
        return list[graphql_type(get_args(annotation)[0], name)]  # type: ignore[misc]
    if origin is dict:
        return JSON
    if origin is not None and type(None) in get_args(annotation):
        inner = [graphql_type(one, name) for one in get_args(annotation) if one is not type(None)]
        return Union[inner[0], None]  # noqa: UP007  # the type is a value here
    if annotation is int and name.endswith("_cents"):
        return Long
    return datetime if annotation is AwareDatetime else annotation


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The values that a field may have, where they are few and fixed."""
    if get_origin(annotation) is Literal:
        return tuple(str(value) for value in get_args(annotation))
    return next((found for one in get_args(annotation) if (found := choices_of(one))), ())


def describe(field: FieldInfo) -> str | None:
    """What a field means and may be."""
    choices = choices_of(field.annotation)
    told = [field.description or "", f"One of {', '.join(choices)}." if choices else ""]
    return " ".join(part for part in told if part) or None


def told(description: str) -> Callable[[F], F]:
    """A resolved field with its description."""

    def decorate(resolver: F) -> F:
        return cast(F, strawberry.field(resolver=resolver, description=description))

    return decorate


def of_model(model: type[BaseModel]) -> Callable[[type[T]], type[T]]:
    """A type of a read shape's fields and the resolvers of the decorated class; the shape itself is what it reads."""

    def decorate(kind: type[T]) -> type[T]:
        annotations = {}
        for name, field in model.model_fields.items():
            if name in vars(kind):
                continue
            annotations[name] = graphql_type(field.annotation, name)
            setattr(kind, name, strawberry.field(description=describe(field)))
        kind.__annotations__ = {**annotations, **vars(kind).get("__annotations__", {})}
        return strawberry.type(kind, description=model.__doc__)

    return decorate


def input_of(model: type[BaseModel], name: str, *, without: tuple[str, ...] = ()) -> type:
    """An input of a shape's fields, of which only those are taken that were sent."""
    annotations, defaults = {}, {}
    for field_name, field in model.model_fields.items():
        if field_name in without:
            continue
        kind = graphql_type(field.annotation, field_name)
        if field.is_required():
            defaults[field_name] = strawberry.field(description=describe(field))
        else:
            kind = Union[kind, None]  # noqa: UP007
            defaults[field_name] = strawberry.field(description=describe(field), default=strawberry.UNSET)
        annotations[field_name] = kind
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **defaults})
    return strawberry.input(made, description=model.__doc__)


def read(model: type[Model], given: Any, **more: Any) -> Model:
    """What was sent, as the shape that REST reads.

    Raises:
        Problem: 422 that names each field.
    """
    values = {} if given is None else {n: v for n, v in vars(given).items() if v is not strawberry.UNSET}
    values |= {name: value for name, value in more.items() if value is not None and value is not strawberry.UNSET}
    # texts of the document went past the check of the request's JSON
    check_json(json.dumps(values, default=str).encode())
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem(422, "unusable-input", "the request can't be used", errors=faults_of(error)[:100]) from None
