"""Layerlift in Krita: right-click a layer, "Decompose into Layers", get one group of clean named layers.

Rooms: `plugin` registers, `menus` and `panel` show, `action` reads → asks → inserts, `client` speaks with the server,
`host` alone touches Krita, `settings` remembers, `i18n` translates, `studio` puts them together.
"""

VERSION = "0.1.0"

try:
    import krita as _krita
except ImportError:  # outside Krita (tests, the installer) there is nothing to register with
    _krita = None

if _krita is not None:
    from layerlift_krita import plugin

    plugin.register()
