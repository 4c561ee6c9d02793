"""The ground floor: settings, profile, working days, database, vault, logs. It knows no higher floor."""
