"""Who may do what: roles, permissions, and the one table that joins them.

System, business and audit rights are apart: who keeps the accounts reads no letters, who handles letters keeps no
accounts, and who checks the records does neither.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person is at the bureau; exactly one each."""

    DUTY_CLERK = "值班员"
    SECTION_STAFF = "科室人员"
    SECTION_HEAD = "科室负责人"
    OFFICE = "办公室"
    LEADER = "分管领导"
    SYSTEM_ADMIN = "系统管理员"
    AUDITOR = "审计员"


class Permission(StrEnum):
    """One right, written `<resource>:<action>`. Keep the list alphabetical."""

    ACCOUNT_READ_OWN = "account:read-own"
    AUDIT_READ = "audit:read"
    CASE_READ = "case:read"
    CONTACT_READ = "contact:read"
    CONTACT_READ_OWN_SECTION = "contact:read-own-section"
    MESSAGE_READ_RESTRICTED = "message:read-restricted"
    QUEUE_READ = "queue:read"
    REPORT_READ = "report:read"
    STAFF_READ = "staff:read"


AUDIT_RIGHTS = frozenset({Permission.AUDIT_READ})
SYSTEM_RIGHTS = frozenset({Permission.STAFF_READ})
BUSINESS_RIGHTS = frozenset(Permission) - AUDIT_RIGHTS - SYSTEM_RIGHTS - {Permission.ACCOUNT_READ_OWN}

SECTION_ROLES = frozenset({Role.SECTION_STAFF, Role.SECTION_HEAD})
"""Roles that mean nothing without a section."""

_EVERYBODY = frozenset({Permission.ACCOUNT_READ_OWN})
_READERS = _EVERYBODY | {Permission.CASE_READ, Permission.QUEUE_READ, Permission.REPORT_READ}

# Contacts go to whoever has to speak with the person, and no further (个人信息保护法 art. 6, least scope): the clerk
# and the office for every case, a section for its own cases; a leader signs without them.
_RIGHTS: dict[str, frozenset[Permission]] = {
    Role.DUTY_CLERK: _READERS | {Permission.CONTACT_READ},
    Role.SECTION_STAFF: _READERS | {Permission.CONTACT_READ_OWN_SECTION},
    Role.SECTION_HEAD: _READERS | {Permission.CONTACT_READ_OWN_SECTION},
    Role.OFFICE: _READERS | {Permission.CONTACT_READ, Permission.MESSAGE_READ_RESTRICTED},
    Role.LEADER: _READERS | {Permission.MESSAGE_READ_RESTRICTED},
    Role.SYSTEM_ADMIN: _EVERYBODY | SYSTEM_RIGHTS,
    Role.AUDITOR: _EVERYBODY | AUDIT_RIGHTS,
}


def permissions_of(role: str) -> frozenset[Permission]:
    """Return the rights of a role; a role this program does not know has none."""
    return _RIGHTS.get(role, frozenset())


def may(role: str, permission: Permission) -> bool:
    """Tell whether a role has a right."""
    return permission in permissions_of(role)


def may_read_contact(role: str, section: str | None, owner: str | None) -> bool:
    """Tell whether a person sees who wrote and how to reach them.

    Args:
        section: the person's section.
        owner: the owner of the case; a section reads contacts of its own cases only.
    """
    if may(role, Permission.CONTACT_READ):
        return True
    return may(role, Permission.CONTACT_READ_OWN_SECTION) and section is not None and section == owner
