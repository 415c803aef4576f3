#!/usr/bin/env python3
"""Checks the structure of the sources: who depends on whom.

    Tests/Structure/structure.py [--explain] [FOLDER]

--explain names what ties the files of a cycle. FOLDER (the package's Sources by default) holds a folder for each target. Found are:

  - cycles of targets, by their imports;
  - cycles of more than three files inside a target (strongly connected components);
  - targets that import Glibc, other than ChatSystem, the one seam to the operating system, and chat-bench;
  - as a warning: folders with more than 16 Swift files.

A file depends on another one of its target if it mentions a type, function or variable that the other declares at
file scope, or a member that only the other declares, in an extension. Comments and string literals do not count, but
what is interpolated does. A name means the file's own declaration, if there is one: a nested type, a generic
parameter, a member, a parameter. What several files declare belongs to none of them.

Exits with 1 if something is found, after a line for each; with 0 if not.
"""

import collections
import os
import re
import sys

LARGEST_CYCLE = 3
MOST_FILES_IN_FOLDER = 16
MAY_IMPORT_GLIBC = {"ChatSystem", "chat-bench"}

TYPES = {"class", "struct", "enum", "protocol", "actor", "typealias", "macro"}
VALUES = {"func", "let", "var"}
MODIFIERS = {
    "package", "public", "open", "internal", "private", "fileprivate", "final", "indirect", "static", "class",
    "mutating", "nonmutating", "nonisolated", "lazy", "weak", "unowned", "override", "convenience", "required",
    "consuming", "borrowing", "isolated", "dynamic", "prefix", "postfix", "infix",
}

TOKEN = re.compile(r"[A-Za-z_]\w*|`\w+`|#*\"|//|/\*|\s+|.", re.S)


def tokens(text, start=0, closing=None):
    """The text's tokens without comments and string literals, up to `closing` if that is given; and where it ended."""
    found, at, depth = [], start, 0
    while at < len(text):
        match = TOKEN.match(text, at)
        token = match.group()
        at = match.end()
        if token == "//":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif token == "/*":
            at = end_of_comment(text, at)
        elif token.endswith('"'):
            inside, at = string_literal(text, at, token)
            found += ['""'] + inside
        elif token.isspace():
            if "\n" in token:
                found.append("\n")
        else:
            if closing:
                depth += (token == "(") - (token == ")")
                if depth < 0:
                    return found, at
            found.append(token.strip("`"))
    return found, at


def end_of_comment(text, at):
    """Where a comment ends that began before `at`: they nest."""
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def string_literal(text, at, opening):
    """The tokens of what a string literal interpolates, and where it ends."""
    hashes = "#" * (len(opening) - 1)
    quotes = '"'
    if text.startswith('""', at):
        # An empty string, or one of several lines.
        if not text.startswith('""' + hashes, at) or text.startswith('"""', at - 1) and not hashes:
            quotes, at = '"""', at + 2
    inside = []
    while at < len(text):
        if text.startswith(quotes + hashes, at):
            return inside, at + len(quotes + hashes)
        if text.startswith("\\" + hashes + "(", at):
            interpolated, at = tokens(text, at + len(hashes) + 2, closing=")")
            inside += interpolated
        elif text.startswith("\\" + hashes, at):
            at += len(hashes) + 2
        else:
            at += 1
    return inside, at


class File:
    """What a file declares and mentions."""

    def __init__(self, text):
        # Names of types and of values that others see: at file scope, and in extensions.
        self.types, self.values, self.members = set(), set(), set()
        # Every name that it declares, wherever; parameters' apart, which other files can't mean.
        self.own, self.parameters = set(), set()
        self.imports = set()
        self.tokens, _ = tokens(text)
        self.read()

    def read(self):
        scopes, opening, modifiers = [], None, set()
        words = [token for token in self.tokens if token != "\n"]
        for index, token in enumerate(words):
            following = words[index + 1] if index + 1 < len(words) else ""
            after_that = words[index + 2] if index + 2 < len(words) else ""
            if token == "{":
                scopes.append(opening or "code")
                opening = None
            elif token == "}":
                if scopes:
                    scopes.pop()
            elif token == "import" and not scopes:
                self.imports.add(following if following not in TYPES | VALUES else after_that)
            elif token == "extension" and not scopes and is_name(following):
                opening = "private extension" if modifiers & {"private", "fileprivate"} else "extension"
            elif token in TYPES and is_name(following) and following not in VALUES | TYPES | MODIFIERS:
                self.declare(following, scopes, modifiers, self.types)
                if token != "typealias":
                    opening = "type"
            elif token in VALUES and is_name(following):
                self.declare(following, scopes, modifiers, self.values)
                if token == "func":
                    opening = "code"
            elif token == "case" and is_name(following):
                self.own.add(following)
            elif token == "associatedtype":
                self.own.add(following)
            elif following in {":", "in"} and token[0].islower():
                # A parameter, or an argument's label, which may be one as well.
                self.parameters.add(token)
            elif token == "<" and index >= 2 and words[index - 2] in TYPES | {"func"}:
                self.declare_generic(words, index)
            if token in MODIFIERS:
                modifiers.add(token)
            elif token not in TYPES | VALUES:
                modifiers = set()

    def declare(self, name, scopes, modifiers, at_file_scope):
        self.own.add(name)
        if modifiers & {"private", "fileprivate"}:
            return
        if not scopes:
            at_file_scope.add(name)
        elif scopes == ["extension"]:
            self.members.add(name)

    def declare_generic(self, words, index):
        depth = 0
        for position in range(index, len(words)):
            depth += (words[position] == "<") - (words[position] == ">")
            if depth == 0:
                return
            if words[position - 1] in {"<", ","} and is_name(words[position]):
                self.own.add(words[position])

    def mentions(self, modules):
        """The names that it mentions, as (name, how): `member` behind a dot, `bare` otherwise."""
        words = [token for token in self.tokens if token != "\n"]
        for index, token in enumerate(words):
            if not is_name(token):
                continue
            before = words[index - 1] if index else ""
            following = words[index + 1] if index + 1 < len(words) else ""
            if before == ".":
                yield token, "bare" if index > 1 and words[index - 2] in modules else "member"
            else:
                yield token, "bare"


def is_name(token):
    return bool(re.match(r"[A-Za-z_]\w*$", token))


def dependencies(files, module):
    """For each file of a target those that it depends on, each with the names that it mentions of it."""
    declared = collections.defaultdict(set)
    owners = collections.defaultdict(set)
    for path, file in files.items():
        for name in file.types | file.values:
            declared[name].add(path)
        for name in file.own:
            owners[name].add(path)
    members = {
        name: path for path, file in files.items() for name in file.members if owners[name] == {path}
    }
    graph = {path: collections.defaultdict(set) for path in files}
    for path, file in files.items():
        for name, how in file.mentions({module}):
            if name in file.own or how == "bare" and name in file.parameters:
                continue
            if how == "bare":
                for other in declared.get(name, ()):
                    # A function or variable of which somebody has a namesake may be either.
                    if name in files[other].types or len(owners[name]) == 1:
                        graph[path][other].add(name)
            if name in members:
                graph[path][members[name]].add(name)
    return graph


def components(graph):
    """The strongly connected components of a graph (Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            cut = stack.index(node)
            found.append(stack[cut:])
            del stack[cut:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def swift_files(folder):
    return sorted(
        os.path.join(parent, name)
        for parent, _, names in os.walk(folder) for name in names if name.endswith(".swift"))


def main(root, explains):
    errors, warnings, imports = [], [], {}
    targets = [name for name in sorted(os.listdir(root)) if swift_files(os.path.join(root, name))]
    for target in targets:
        folder = os.path.join(root, target)
        files = {}
        for path in swift_files(folder):
            with open(path, encoding="utf-8") as source:
                files[os.path.relpath(path, folder)] = File(source.read())
        imports[target] = {name for file in files.values() for name in file.imports if name in targets} - {target}
        for path, file in sorted(files.items()):
            if "Glibc" in file.imports and target not in MAY_IMPORT_GLIBC:
                errors.append(f"{target}/{path} imports Glibc: ChatSystem is the seam to the system")
        graph = dependencies(files, target)
        for cycle in components(graph):
            if len(cycle) > LARGEST_CYCLE:
                errors.append(f"{target}: a cycle of {len(cycle)} files: {' '.join(sorted(cycle))}")
                for path in sorted(cycle) if explains else ():
                    for other in sorted(set(graph[path]) & set(cycle)):
                        print(f"  {path} -> {other}: {' '.join(sorted(graph[path][other]))}")
        counts = collections.Counter(os.path.dirname(path) for path in files)
        for inner, count in sorted(counts.items()):
            if count > MOST_FILES_IN_FOLDER:
                warnings.append(f"{os.path.join(target, inner)} has {count} Swift files")
    for cycle in components(imports):
        if len(cycle) > 1:
            errors.append(f"a cycle of {len(cycle)} targets: {' '.join(sorted(cycle))}")
    for warning in warnings:
        print(f"warning: {warning}")
    for error in errors:
        print(f"error: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--explain"]
    sources = os.path.join(os.path.dirname(__file__), "..", "..", "Sources")
    sys.exit(main(arguments[0] if arguments else sources, "--explain" in sys.argv))
