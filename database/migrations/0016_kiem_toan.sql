-- Audit: who asked for what, what was decided, and every administrative act.

CREATE SCHEMA audit;
