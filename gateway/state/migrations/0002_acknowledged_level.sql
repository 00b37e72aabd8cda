-- Version 2: an acknowledgement remembers the level it answered, so that an
-- alarm that grows more serious asks again. Whoever answered before this
-- version answered the alarm as it stands: it must not ring at an upgrade.

ALTER TABLE alarms ADD COLUMN acked_level TEXT;
UPDATE alarms SET acked_level = level WHERE acked_ms IS NOT NULL;
