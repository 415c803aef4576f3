#!/usr/bin/env python3
"""Makes Sources/ChatCore/Unicode/UnicodeTables.swift of the Unicode Consortium's data files.

Usage: .unicode/tables.py FOLDER > Sources/ChatCore/Unicode/UnicodeTables.swift

FOLDER holds these files of https://www.unicode.org/Public/17.0.0/:
ucd/UnicodeData.txt, ucd/Scripts.txt, ucd/ScriptExtensions.txt, ucd/PropertyValueAliases.txt
and security/confusables.txt. Their checksums are below: other ones are refused, so that the same
tables come out everywhere. For another version of Unicode, change VERSION and the checksums.

The tables hold what nicknames need and no more: the characters of their alphabet, decomposed.
"""

import hashlib
import sys

VERSION = "17.0.0"
CHECKSUMS = {
    "UnicodeData.txt": "2e1efc1dcb59c575eedf5ccae60f95229f706ee6d031835247d843c11d96470c",
    "Scripts.txt": "9f5e50d3abaee7d6ce09480f325c706f485ae3240912527e651954d2d6b035bf",
    "ScriptExtensions.txt": "ec2107e58825a1586acee8e0911ce18260394ac8b87e535ca325f1ccbeb06bc6",
    "PropertyValueAliases.txt": "64e9a5f76f7a1e8b5a47d6a1f9a26522a251208f5276bdfa1559dac7cf2e827a",
    "confusables.txt": "091c7f82fc39ef208faf8f94d29c244de99254675e09de163160c810d13ef22a",
}

# UTS #39, section 5.1, "augmented script sets": the scripts that are written together.
AUGMENTED = {
    "Hani": ["Hanb", "Jpan", "Kore"],
    "Hira": ["Jpan"],
    "Kana": ["Jpan"],
    "Hang": ["Kore"],
    "Bopo": ["Hanb"],
}


def read(folder, name):
    data = open(f"{folder}/{name}", "rb").read()
    if hashlib.sha256(data).hexdigest() != CHECKSUMS[name]:
        sys.exit(f"{name} is not that of Unicode {VERSION}")
    return data.decode("utf-8-sig").splitlines()


def fields(lines):
    """The fields of each line that is no comment."""
    for line in lines:
        line = line.split("#")[0].strip()
        if line:
            yield [field.strip() for field in line.split(";")]


def code_points(text):
    """`0041..005A` or `0041` as a range."""
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def load(folder):
    categories, decompositions = {}, {}
    start = None
    for field in fields(read(folder, "UnicodeData.txt")):
        code = int(field[0], 16)
        if field[1].endswith(", First>"):
            start = code
        for covered in range(code if start is None else start, code + 1):
            categories[covered] = field[2]
        if not field[1].endswith(", First>"):
            start = None
        if field[5]:
            decompositions[code] = field[5]
    return categories, decompositions


def is_letter(category):
    """Whether nicknames may hold such characters (`Nickname`)."""
    return category[0] == "L" or category in ("Mn", "Mc", "Nd")


def words(mapping):
    """A mapping as words: `S=T,T` or, for N successors that map to successors, `S+N=T`; all in hex."""
    result = []
    keys = sorted(mapping)
    index = 0
    while index < len(keys):
        source = keys[index]
        target = mapping[source]
        count = 1
        if len(target) == 1:
            while (
                index + count < len(keys)
                and keys[index + count] == source + count
                and mapping[source + count] == [target[0] + count]
            ):
                count += 1
        run = f"+{count:X}" if count > 1 else ""
        result.append(f"{source:X}{run}=" + ",".join(f"{code:X}" for code in target))
        index += count
    return result


def confusables(folder, categories, decompositions):
    mapping = {}
    for field in fields(read(folder, "confusables.txt")):
        source = int(field[0], 16)
        # What is decomposed before it is looked up is never found.
        is_decomposed = source in decompositions and not decompositions[source].startswith("<")
        if chr(source) not in "-_." and not is_letter(categories.get(source, "Cn")):
            continue
        if is_decomposed or 0xAC00 <= source <= 0xD7A3:
            continue
        mapping[source] = [int(code, 16) for code in field[1].split()]
    return words(mapping)


def compatible(categories, decompositions):
    """Letters in a style of their own (fullwidth, mathematical bold, superscript), and what they stand for: not all
    of them are among the confusables, and the capitals have no lower case."""

    def plain(code):
        parts = decompositions.get(code, "").split()
        if not parts:
            return [code]
        return [p for part in parts if part[0] != "<" for p in plain(int(part, 16))]

    mapping = {}
    for code, text in decompositions.items():
        if text.startswith("<") and is_letter(categories[code]):
            mapping[code] = plain(code)
    return words(mapping)


def scripts(folder, categories):
    names = {f[2]: f[1] for f in fields(read(folder, "PropertyValueAliases.txt")) if f[0] == "sc"}
    of = {}
    for field in fields(read(folder, "Scripts.txt")):
        for code in code_points(field[0]):
            of[code] = [names[field[1]]]
    for field in fields(read(folder, "ScriptExtensions.txt")):
        for code in code_points(field[0]):
            of[code] = field[1].split()
    sets, starts, last = [], [], None
    for code in sorted(categories):
        if chr(code) not in "-_." and not is_letter(categories[code]):
            continue
        present = set(of.get(code, ["Zzzz"]))
        if present & {"Zyyy", "Zinh"}:
            text = "*"
        else:
            for script in list(present):
                present.update(AUGMENTED.get(script, []))
            text = ",".join(sorted(present))
        if text not in sets:
            sets.append(text)
        if text != last:
            starts.append(f"{code:X}={sets.index(text):X}")
        last = text
    return sets, starts


def swift(name, doc, content):
    lines, line = [], ""
    for word in content:
        if len(line) + len(word) + 1 > 92:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    lines.append(line)
    body = " \\\n".join("    " + line for line in lines)
    return f'  /// {doc}\n  static let {name}: StaticString = """\n{body}\n    """\n'


def main():
    folder = sys.argv[1]
    categories, decompositions = load(folder)
    sets, starts = scripts(folder, categories)
    print(f"// Made by .unicode/tables.py (make unicode) of the data of Unicode {VERSION}. Not to be edited.")
    print("// Data © 1991-2025 Unicode, Inc., under https://www.unicode.org/license.txt.")
    print()
    print("/// What Unicode knows of the characters that nicknames may hold, as words of hexadecimal numbers: text, which")
    print("/// compiles and loads in no time, and is read when the first nickname is looked at.")
    print("enum UnicodeTables {")
    print(
        swift(
            "confusables",
            "Prototypes of characters that look like others (UTS #39, confusables.txt): `S=T,T`, or `S+N=T` for a run of N.",
            confusables(folder, categories, decompositions),
        )
    )
    print(
        swift(
            "compatible",
            "What letters in a style of their own, fullwidth or mathematical ones say, stand for: in the same form.",
            compatible(categories, decompositions),
        )
    )
    print(
        swift(
            "scriptSets",
            "The augmented script sets (UTS #39, section 5.1) that occur; `*` fits all.",
            sets,
        )
    )
    print(
        swift(
            "scripts",
            "From which character on which script set holds: `S=I`, the number of a set. Gaps are no letters.",
            starts,
        ).rstrip("\n")
    )
    print("}")


main()
