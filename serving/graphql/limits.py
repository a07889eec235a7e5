"""How large a document may be, found by one walk before it is validated or run. Fragments are walked once each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
)

from serving.kit.problems import Problem

MOST_TOKENS = 2_000
DEEPEST = 8
MOST_ALIASES = 30
MOST_ROOT_FIELDS = 20
PAGE_ARGUMENT = "first"
MOST_IN_A_PAGE = 200
_CEILING = 10**9
_META = ("__schema", "__type")


@dataclass(frozen=True, slots=True)
class Size:
    """What a selection asks for: levels below it, names given anew, and fields counted once for each record."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0


def refused(detail: str, hint: str | None = None) -> Problem:
    """A document that is too much."""
    return Problem(400, "query-too-large", detail, hint=hint)


def check_size(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any], most_cost: int
) -> Mapping[str, int]:
    """Refuse a document that goes too deep, gives too many names anew or costs too much; the largest of each.

    Raises:
        Problem: 400, with the figure and the limit.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    walk = _Walk(schema, fragments, variables)
    largest = {"depth": 0, "aliases": 0, "cost": 0}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = walk.count_fields(node.selection_set)
            if fields > MOST_ROOT_FIELDS:
                raise refused(f"{fields} fields at the top, at most {MOST_ROOT_FIELDS} are allowed")
            size = walk.measure(node.selection_set, schema.get_root_type(node.operation))
            for name in largest:
                largest[name] = max(largest[name], getattr(size, name))
    limits = {"depth": DEEPEST, "aliases": MOST_ALIASES, "cost": most_cost}
    for name, limit in limits.items():
        if largest[name] > limit:
            raise refused(
                f"the query's {name} is {min(largest[name], _CEILING)}, at most {limit} is allowed",
                hint="ask for smaller pages (`first`), fewer fields or fewer levels, or in several queries",
            )
    return largest


@dataclass
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    known: dict[str, Size] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def measure(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        """The size of a selection on a type."""
        depth = aliases = cost = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                size = self._of_field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                size = self.measure(node.selection_set, self._type(condition.name.value) if condition else parent)
            else:
                assert isinstance(node, FragmentSpreadNode)
                size = self._of_fragment(node.name.value)
            depth, aliases = max(depth, size.depth), aliases + size.aliases
            cost = min(_CEILING, cost + size.cost)
        return Size(depth, min(_CEILING, aliases), cost)

    def count_fields(self, selected: SelectionSetNode) -> int:
        """How many fields stand at the top, those of fragments with them."""
        count = 0
        for node in selected.selections:
            if isinstance(node, FieldNode):
                count += 1
            elif isinstance(node, InlineFragmentNode):
                count += self.count_fields(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                count += self._count_fragment(node.name.value)
        return min(_CEILING, count)

    def _count_fragment(self, name: str) -> int:
        fragment = self.fragments.get(name)
        if fragment is None:
            return 0
        if name not in self.counted:
            self._enter(name)
            self.counted[name] = self.count_fields(fragment.selection_set)
            self.open.remove(name)
        return self.counted[name]

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        name, alias = node.name.value, 1 if node.alias else 0
        if name in _META:
            # its own rule bounds it: the schema is walked, no record is read
            inner = self.measure(node.selection_set, None)
            return Size(1, alias + inner.aliases, 1 + inner.cost)
        found: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        kind = get_named_type(found.type) if found else None
        inner = self.measure(node.selection_set, kind)
        times = self._page_size(node, found) if found else 1
        return Size(1 + inner.depth, alias + inner.aliases, min(_CEILING, 1 + times * inner.cost))

    def _of_fragment(self, name: str) -> Size:
        fragment = self.fragments.get(name)
        if fragment is None:
            return Size()
        if name not in self.known:
            self._enter(name)
            kind = self._type(fragment.type_condition.name.value)
            self.known[name] = self.measure(fragment.selection_set, kind)
            self.open.remove(name)
        return self.known[name]

    def _enter(self, name: str) -> None:
        if name in self.open:
            raise Problem(400, "query-unusable", f"the fragment {name} holds itself")
        self.open.add(name)

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self.schema.get_type(name)

    def _page_size(self, node: FieldNode, found: GraphQLField) -> int:
        """How many records a field may give: what is asked for where that can be told, else the most."""
        argument = found.args.get(PAGE_ARGUMENT)
        if argument is None:
            return 1
        given = next((a.value for a in node.arguments if a.name.value == PAGE_ARGUMENT), None)
        asked: Any = argument.default_value
        if isinstance(given, IntValueNode):
            asked = int(given.value) if len(given.value) < 10 else _CEILING
        elif isinstance(given, VariableNode):
            asked = self.variables.get(given.name.value, MOST_IN_A_PAGE)
        if asked is Undefined or not isinstance(asked, int):
            return MOST_IN_A_PAGE
        return max(1, asked)
