"""Hebei's regions as one tree: the province, 14 reporting units, 167 county-level units."""

import hashlib
from functools import lru_cache
from typing import Any

from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields, regions
from contract.message import Message
from gateway.bodies import canonical
from gateway.door import Asked, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint("regions", __name__, url_prefix="/v1/regions", description="行政区划 · regions")


class Region(Message):
    """``is_county``: 定州 and 辛集 are a unit and their own county-level unit under one code."""

    code = fields.RegionCode(required=True)
    name = fields.Text(required=True)
    short_name = fields.Text(required=True)
    full_name = fields.Text(required=True)
    level = fields.Text(required=True)
    is_county = fields.Yes(required=True)
    aliases = fields.Many(fields.Text(), required=True)  # former codes and names
    children = fields.Many(fields.Nested(lambda: Region()), required=True)


@operation(
    blueprint,
    "GET",
    "",
    public=True,
    answers=Answer(200, Region, "全省区划树 · the province's tree", cached=True),
)
def read_regions(asked: Asked) -> Response:
    """行政区划树 · The tree of regions

    雄安新区三县按管理隶属归雄安；定州、辛集直接向省报告。
    The three counties of 雄安 stand under it, whatever their digits say; 定州 and 辛集 report to the province.
    """
    tree, etag = _tree()
    return polled(tree, etag=etag, cache="public, max-age=3600", weak=True)


@lru_cache(maxsize=1)
def _tree() -> tuple[dict[str, Any], str]:
    tree = _branch(regions.get(regions.PROVINCE))
    return tree, hashlib.sha256(canonical(tree)).hexdigest()[:32]


def _branch(region: regions.Region) -> dict[str, Any]:
    return {
        "code": region.code,
        "name": region.name,
        "short_name": region.short_name,
        "full_name": region.full_name,
        "level": region.level,
        "is_county": region.is_county,
        "aliases": list(region.aliases),
        "children": [_branch(child) for child in regions.children(region.code)],
    }
