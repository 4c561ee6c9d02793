"""Local stand-ins for the boards of real sites, and what is true of each."""

from tests.boards.account import BackEnd
from tests.boards.base import Board
from tests.boards.boda import BodaVsb, CountingDown
from tests.boards.cards import Articles, Cards, ScriptRows
from tests.boards.hanweb import CdataRecords, Jact, JactWithPreset
from tests.boards.interfaces import JsonpCursor, SinglePage, TrsIgi
from tests.boards.oddities import DataTables, LabelsAbove, WrittenInScript
from tests.boards.paths import OtherWrongEncoding, WrongEncoding
from tests.boards.sessions import AspNet, PlatformWithPreset, TokenAndCookie
from tests.boards.shifting import ShiftingWindow
from tests.boards.tables import NestedTables, PairedRows, PlainTable

BOARDS: tuple[type[Board], ...] = (
    PlainTable,
    BodaVsb,
    Jact,
    JactWithPreset,
    TrsIgi,
    CdataRecords,
    JsonpCursor,
    AspNet,
    TokenAndCookie,
    PlatformWithPreset,
    BackEnd,
    WrongEncoding,
    OtherWrongEncoding,
    CountingDown,
    Cards,
    PairedRows,
    SinglePage,
    ScriptRows,
    ShiftingWindow,
    NestedTables,
    Articles,
    DataTables,
    WrittenInScript,
    LabelsAbove,
)
