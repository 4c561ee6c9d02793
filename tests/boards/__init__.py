"""Local stand-ins for the boards of real sites, and what is true of each."""

from tests.boards.base import Board
from tests.boards.cards import Articles, Cards, ScriptRows
from tests.boards.hanweb import CdataRecords, Jact
from tests.boards.interfaces import JsonpCursor, SinglePage, TrsIgi
from tests.boards.paths import CountingDown, OtherWrongEncoding, WrongEncoding
from tests.boards.sessions import AspNet, BackEnd, TokenAndCookie
from tests.boards.tables import BodaVsb, NestedTables, PairedRows, PlainTable, ShiftingWindow

BOARDS: tuple[type[Board], ...] = (
    PlainTable,
    BodaVsb,
    Jact,
    TrsIgi,
    CdataRecords,
    JsonpCursor,
    AspNet,
    TokenAndCookie,
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
)
