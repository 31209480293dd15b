"""QGIS carries a token by an authentication configuration, and sees the world of its account.

QGIS 3.40 has the method *API Header*, 3.22 has not. *OAuth2* opens a browser and needs a person at a desk: what its
configuration says is proved against the metadata of the server, its PKCE by the web map.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest

from tests.clients.worlds import WORLDS, Rows

pytestmark = pytest.mark.client
LINES = """
manager = QgsApplication.authManager()
found["methods"] = manager.authMethodsKeys()
if "APIHeader" in found["methods"]:
    from qgis.core import QgsAuthMethodConfig
    manager.setMasterPassword("mật khẩu của kho", True)
    for account, token in given["tokens"].items():
        config = QgsAuthMethodConfig("APIHeader")
        config.setName(account)
        config.setConfig("Authorization", "Bearer " + token)
        assert manager.storeAuthenticationConfig(config)
        found[account] = {}
        for name in given["worlds"][account]:
            layer = layer_of(name, "authcfg='{}'".format(config.id()))
            found[account][name] = {
                "fields": [each.name() for each in layer.fields()],
                "ids": sorted(str(each["id"]) for each in layer.getFeatures()),
            }
"""
NAMED = {"25195.diachinh": ("thua-dat", "quyen-su-dung-dat"), "25195.motcua": ("thua-dat", "ho-so")}


@pytest.fixture(scope="module")
def demo_rows(demo_db: str) -> Iterator[Rows]:
    """Ask a copy of the database that the server reads, around the service."""
    with psycopg.connect(demo_db, autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


@pytest.fixture(scope="module")
def found(run_qgis: Callable[..., Any], demo_live: Any, demo_tokens: Mapping[str, str]) -> Any:
    """What one session of QGIS finds with two configurations side by side."""
    tokens = {account: demo_tokens[account] for account in NAMED}
    result = run_qgis(LINES, {"url": demo_live.url, "tokens": tokens, "worlds": NAMED})
    if "APIHeader" not in result["methods"]:
        pytest.skip(f"this QGIS has no authentication by API header: {', '.join(result['methods'])}")
    return result


@pytest.mark.parametrize(("account", "name"), [(account, name) for account, names in NAMED.items() for name in names])
def test_a_configuration_with_a_header_shows_exactly_the_world_of_its_token(
    found: Any, demo_rows: Rows, account: str, name: str
) -> None:
    sees = WORLDS[account][name]

    assert found[account][name]["ids"] == sees.ids(demo_rows) != []
    assert set(found[account][name]["fields"]) == sees.names()
