PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;

-- Complete records as JSON. For example, `json ->> '$.custom_attributes.plan'` selects a custom attribute.
CREATE TABLE IF NOT EXISTS contacts (id TEXT PRIMARY KEY, updated_at INTEGER, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS companies (id TEXT PRIMARY KEY, updated_at INTEGER, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conversations (id TEXT PRIMARY KEY, updated_at INTEGER, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tickets (id TEXT PRIMARY KEY, updated_at INTEGER, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contact_companies (contact_id TEXT, company_id TEXT, PRIMARY KEY (contact_id, company_id));

-- The workspace of the database, and the progress of each table.
CREATE TABLE IF NOT EXISTS workspace (id TEXT);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, complete BOOLEAN, cursor TEXT, watermark INTEGER);

-- Conversations that could not be retrieved. Each run retries them.
CREATE TABLE IF NOT EXISTS failed_conversations (id TEXT PRIMARY KEY, error TEXT);

CREATE VIEW IF NOT EXISTS conversation_parts AS
    SELECT conversations.id AS conversation_id, part.value ->> 'id' AS id, part.value ->> 'part_type' AS part_type,
        part.value ->> 'body' AS body, part.value AS json
    FROM conversations, json_each(conversations.json, '$.conversation_parts.conversation_parts') AS part;

CREATE VIEW IF NOT EXISTS custom_attributes AS
    SELECT 'contacts' AS of, contacts.id AS id, attribute.key AS name, attribute.value AS value
    FROM contacts, json_each(contacts.json, '$.custom_attributes') AS attribute
    UNION ALL SELECT 'companies', companies.id, attribute.key, attribute.value
    FROM companies, json_each(companies.json, '$.custom_attributes') AS attribute
    UNION ALL SELECT 'conversations', conversations.id, attribute.key, attribute.value
    FROM conversations, json_each(conversations.json, '$.custom_attributes') AS attribute;
