"""Print one of the generated pages."""

import sys

from tools.docs import chart, dashboard, install, plugin, provider, resource, settings

PAGES = {
    "resource": resource.page,
    "provider": provider.page,
    "settings": settings.page,
    "plugin": plugin.page,
    "schema": chart.schema,
    "values": chart.values,
    "chart": chart.readme,
    "dashboard": dashboard.page,
    "install": install.page,
}


def main() -> int:
    """Print the page that the command line names; return the exit code."""
    if len(sys.argv) != 2 or sys.argv[1] not in PAGES:  # noqa: PLR2004 - the program and its one argument
        sys.stderr.write(f"usage: python -m tools.docs {'|'.join(PAGES)}\n")
        return 2
    sys.stdout.write(PAGES[sys.argv[1]]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
