"""Tests of roles and rights."""

import pytest

from responder.permissions import (
    AUDIT_RIGHTS,
    BUSINESS_RIGHTS,
    SYSTEM_RIGHTS,
    Permission,
    Role,
    may,
    may_read_contact,
    permissions_of,
)


def test_permissions_are_alphabetical_and_name_resource_and_action():
    """The list can be read and compared because it is sorted and of one form."""
    values = [str(permission) for permission in Permission]

    assert values == sorted(values)
    assert all(len(value.split(":")) == 2 and all(value.split(":")) for value in values)


def test_system_business_and_audit_rights_are_apart():
    """No role holds rights of two of the three kinds."""
    for role in Role:
        kinds = [bool(permissions_of(role) & kind) for kind in (SYSTEM_RIGHTS, BUSINESS_RIGHTS, AUDIT_RIGHTS)]
        assert sum(kinds) == 1, role


def test_every_permission_is_held_by_somebody():
    """A right that nobody has guards a page that nobody can open."""
    assert frozenset().union(*(permissions_of(role) for role in Role)) == frozenset(Permission)


def test_only_office_and_leader_read_restricted_messages():
    """Restricted letters are read by the office and the leader in charge alone."""
    readers = {role for role in Role if may(role, Permission.MESSAGE_READ_RESTRICTED)}

    assert readers == {Role.OFFICE, Role.LEADER}


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.AUDITOR])
def test_who_keeps_or_checks_the_system_reads_no_messages(role: Role):
    """Administrators and auditors open neither queue nor case nor summary."""
    assert not permissions_of(role) & BUSINESS_RIGHTS


def test_an_unknown_role_has_no_rights():
    """A role that was removed from the program, or mistyped in the database, opens nothing."""
    assert permissions_of("局外人") == frozenset()
    assert not may_read_contact("局外人", "综合科", "综合科")


@pytest.mark.parametrize(
    ("role", "section", "owner", "allowed"),
    [
        (Role.DUTY_CLERK, None, None, True),
        (Role.OFFICE, None, "工业统计科", True),
        (Role.SECTION_STAFF, "工业统计科", "工业统计科", True),
        (Role.SECTION_HEAD, "工业统计科", "工业统计科", True),
        (Role.SECTION_STAFF, "工业统计科", "综合科", False),
        (Role.SECTION_STAFF, None, None, False),
        (Role.LEADER, None, "工业统计科", False),
        (Role.SYSTEM_ADMIN, "办公室", "办公室", False),
        (Role.AUDITOR, "办公室", "办公室", False),
    ],
)
def test_contacts_are_read_by_who_must_speak_with_the_person(
    role: Role, section: str | None, owner: str | None, allowed: bool
):
    """The clerk and the office see every contact, a section those of its own cases."""
    assert may_read_contact(role, section, owner) is allowed
