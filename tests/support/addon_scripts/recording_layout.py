"""A layout for draw functions where Blender has no window: it takes what Blender's takes, and notes it.

A function, a keyword, a property, an operator, a menu or an icon that this Blender does not have is an error.
"""

import bpy

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
PROPERTIES = bpy.types.UILayout.bl_rna.properties
ICONS = {item.identifier for item in FUNCTIONS["label"].parameters["icon"].enum_items}
LAYOUTS = ("row", "column", "box", "split", "column_flow", "grid_flow", "menu_pie")


class Misdrawn(Exception):
    """Blender would not draw that."""


class Layout:
    """Notes what is drawn in `drawn`: pairs of a kind and a text."""

    def __init__(self, drawn):
        object.__setattr__(self, "drawn", drawn)

    def __setattr__(self, name, value):
        if name not in PROPERTIES:
            raise Misdrawn(f"a layout has no {name}")

    def __getattr__(self, name):
        if name in PROPERTIES:
            return PROPERTIES[name].default
        if name not in FUNCTIONS:
            raise AttributeError(name)

        def call(*given, **named):
            return self.call(name, given, named)

        return call

    def call(self, function, given, named):
        """Check a call as Blender would, and note it."""
        takes = [each.identifier for each in FUNCTIONS[function].parameters if not each.is_output]
        # Blender adds some that its own description leaves out.
        names = dict(zip(takes, given, strict=False)) | named
        unknown = set(names) - set(takes)
        if unknown:
            raise Misdrawn(f"{function} takes no {', '.join(unknown)}")
        for name in ("text", "icon", "operator", "property", "menu"):
            if name in names and not isinstance(names[name], str):
                raise Misdrawn(f"{function} was given {names[name]!r} as {name}")
        if names.get("icon", "NONE") not in ICONS:
            raise Misdrawn(f"there is no icon {names['icon']}")
        if "text" in names:
            names["text"].encode()
            if len(names["text"]) > 500 or "\n" in names["text"]:
                raise Misdrawn(f"a text is too long for a line: {names['text'][:100]!r}")
        special = getattr(self, "call_" + function, None)
        if function in LAYOUTS:
            return Layout(self.drawn)
        if special is not None:
            return special(**names)
        self.drawn.append((function, names.get("text", "")))
        return None

    def call_prop(self, data, property, text=None, icon="NONE", **more):
        """The property must be there, and readable."""
        known = data.bl_rna.properties.get(property)
        if known is None:
            raise Misdrawn(f"{data} has no property {property}")
        value = getattr(data, property)
        if icon == "NONE" and known.type == "ENUM" and not known.is_enum_flag and value == "":
            raise Misdrawn(f"{property} is no item of its list")
        self.drawn.append(("prop", f"{property}={value}"))

    def call_operator(self, operator, text=None, **more):
        """The operator must be there; its properties are what it has."""
        module, _, name = operator.partition(".")
        kind = getattr(bpy.types, f"{module.upper()}_OT_{name}", None)
        if kind is None and not hasattr(bpy.ops, module):
            raise Misdrawn(f"there is no operator {operator}")
        rna = getattr(getattr(bpy.ops, module), name).get_rna_type()
        self.drawn.append(("operator", f"{operator} {rna.name if text is None else text}".strip()))
        return Properties(rna)

    def call_menu(self, menu, text="", **more):
        """The menu must be there."""
        if not hasattr(bpy.types, menu):
            raise Misdrawn(f"there is no menu {menu}")
        self.drawn.append(("menu", f"{menu} {text}"))

    call_popover = call_menu


class Properties:
    """What is set on a button's operator."""

    def __init__(self, rna):
        object.__setattr__(self, "_rna", rna)

    def __setattr__(self, name, value):
        known = self._rna.properties.get(name)
        if known is None:
            raise Misdrawn(f"{self._rna.identifier} has no property {name}")
        wanted = {"STRING": str, "BOOLEAN": bool, "INT": int, "FLOAT": float, "ENUM": str}[known.type]
        if not isinstance(value, wanted):
            raise Misdrawn(f"{self._rna.identifier}.{name} was set to {value!r}")


def panels():
    """All panels of the add-on that Blender knows, by their names."""
    found = {}
    for base in (bpy.types.Panel, bpy.types.AddonPreferences, bpy.types.Menu):
        for kind in base.__subclasses__():
            if kind.__name__.startswith("FLAMENCO_"):
                found[kind.__name__] = kind
    return found


def draw(kind):
    """What a panel draws now; nothing if it does not want to be drawn."""
    drawn = []
    poll = getattr(kind, "poll", None)
    if poll is not None and not poll(bpy.context):
        return drawn

    class Self:
        layout = Layout(drawn)

    kind.draw(Self(), bpy.context)
    return drawn
