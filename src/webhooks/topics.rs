//! The topics that Intercom documents in its
//! [webhook reference](https://developers.intercom.com/docs/references/webhooks/webhook-models). The set is open: newer ones
//! come as any other text.

macro_rules! topics {
    ($( $name:ident = $topic:literal, $doc:literal; )*) => {
        $(
            #[doc = concat!("`", $topic, "`: ", $doc)]
            pub const $name: &str = $topic;
        )*

        /// All of them.
        pub const ALL: &[&str] = &[$( $name ),*];
    };
}

topics! {
    PING = "ping", "tests the endpoint: sent when that is asked for, and now and then.";

    // Teammates: the item is an admin.
    ADMIN_ACTIVITY_LOG_EVENT_CREATED = "admin.activity_log_event.created", "something was written to the log of what teammates do.";
    ADMIN_ADDED_TO_WORKSPACE = "admin.added_to_workspace", "a teammate joined the workspace.";
    ADMIN_AWAY_MODE_UPDATED = "admin.away_mode_updated", "a teammate went away, or came back.";
    ADMIN_LOGGED_IN = "admin.logged_in", "a teammate logged in.";
    ADMIN_LOGGED_OUT = "admin.logged_out", "a teammate logged out, or the session expired.";
    ADMIN_REMOVED_FROM_WORKSPACE = "admin.removed_from_workspace", "a teammate left the workspace.";

    // The request log of the app.
    API_REQUEST_COMPLETED = "api.request.completed", "a request to the API was carried out.";

    // Articles of the help center: the item is an article.
    ARTICLE_CREATED = "article.created", "an article was written.";
    ARTICLE_DELETED = "article.deleted", "an article was deleted.";
    ARTICLE_PUBLISHED = "article.published", "an article was published.";
    ARTICLE_UNPUBLISHED = "article.unpublished", "an article was taken back.";
    ARTICLE_UPDATED = "article.updated", "an article was changed.";

    // Phone calls.
    CALL_ENDED = "call.ended", "a call that was connected ended.";
    CALL_RECORDING_AVAILABLE = "call.recording_available", "the recording of a call can be fetched.";
    CALL_STARTED = "call.started", "a call began.";
    CALL_TRANSCRIPTION_AVAILABLE = "call.transcription_available", "the transcript of a call can be fetched.";

    // Companies: the item is a company, with the contact where one is meant.
    COMPANY_CONTACT_ATTACHED = "company.contact.attached", "a contact was attached to a company.";
    COMPANY_CONTACT_DETACHED = "company.contact.detached", "a contact was detached from a company.";
    COMPANY_CREATED = "company.created", "a company was created.";
    COMPANY_DELETED = "company.deleted", "a company was deleted.";
    COMPANY_UPDATED = "company.updated", "a company was changed.";

    // Contacts: the item is a contact, or of the type `contact_tag` where one is tagged.
    CONTACT_ARCHIVED = "contact.archived", "a contact was archived.";
    CONTACT_DELETED = "contact.deleted", "a contact was deleted for good.";
    CONTACT_EMAIL_UPDATED = "contact.email.updated", "a contact got another email address.";
    CONTACT_LEAD_ADDED_EMAIL = "contact.lead.added_email", "a lead got an email address.";
    CONTACT_LEAD_CREATED = "contact.lead.created", "a lead was created.";
    CONTACT_LEAD_SIGNED_UP = "contact.lead.signed_up", "a lead became a user.";
    CONTACT_LEAD_TAG_CREATED = "contact.lead.tag.created", "a lead was tagged.";
    CONTACT_LEAD_TAG_DELETED = "contact.lead.tag.deleted", "a tag was taken off a lead.";
    CONTACT_LEAD_UPDATED = "contact.lead.updated", "a lead was changed.";
    CONTACT_MERGED = "contact.merged", "two contacts became one: the item is the one that stays, `merged_from` in its `extra` names the other.";
    CONTACT_SUBSCRIBED = "contact.subscribed", "a contact subscribed to email.";
    CONTACT_UNARCHIVE = "contact.unarchive", "a contact was taken out of the archive.";
    CONTACT_UNSUBSCRIBED = "contact.unsubscribed", "a contact unsubscribed from email.";
    CONTACT_USER_CREATED = "contact.user.created", "a user was created.";
    CONTACT_USER_TAG_CREATED = "contact.user.tag.created", "a user was tagged.";
    CONTACT_USER_TAG_DELETED = "contact.user.tag.deleted", "a tag was taken off a user.";
    CONTACT_USER_UPDATED = "contact.user.updated", "a user was changed.";

    // Snippets of content that answers are made from.
    CONTENT_SNIPPET_CREATED = "content_snippet.created", "a snippet was written.";
    CONTENT_SNIPPET_DELETED = "content_snippet.deleted", "a snippet was deleted.";
    CONTENT_SNIPPET_UPDATED = "content_snippet.updated", "a snippet was changed.";

    // What became of messages: shown, opened, clicked, bounced and so on, by the item's `content_stat.stat_type`.
    CONTENT_STAT_BANNER = "content_stat.banner", "of a banner.";
    CONTENT_STAT_CAROUSEL = "content_stat.carousel", "of a mobile carousel.";
    CONTENT_STAT_CHAT = "content_stat.chat", "of a chat message.";
    CONTENT_STAT_CHECKLIST = "content_stat.checklist", "of a checklist.";
    CONTENT_STAT_CUSTOM_BOT = "content_stat.custom_bot", "of a custom bot.";
    CONTENT_STAT_EMAIL = "content_stat.email", "of an email.";
    CONTENT_STAT_NEWS_ITEM = "content_stat.news_item", "of a news item.";
    CONTENT_STAT_POST = "content_stat.post", "of a post.";
    CONTENT_STAT_PUSH = "content_stat.push", "of a push message.";
    CONTENT_STAT_SERIES = "content_stat.series", "of a series.";
    CONTENT_STAT_SERIES_WEBHOOK = "content_stat.series.webhook", "of a series' own webhook.";
    CONTENT_STAT_SMS = "content_stat.sms", "of a text message.";
    CONTENT_STAT_SURVEY = "content_stat.survey", "of a survey.";
    CONTENT_STAT_TOOLTIP_GROUP = "content_stat.tooltip_group", "of a group of tooltips.";
    CONTENT_STAT_TOUR = "content_stat.tour", "of a product tour.";

    // Conversations: the item is a conversation, with the part that was added last.
    CONVERSATION_ADMIN_ASSIGNED = "conversation.admin.assigned", "a conversation was assigned to a teammate or team.";
    CONVERSATION_ADMIN_CLOSED = "conversation.admin.closed", "a teammate closed a conversation.";
    CONVERSATION_ADMIN_NOTED = "conversation.admin.noted", "a teammate left a note.";
    CONVERSATION_ADMIN_OPEN_ASSIGNED = "conversation.admin.open.assigned", "an open conversation was assigned.";
    CONVERSATION_ADMIN_OPENED = "conversation.admin.opened", "a teammate opened a conversation again.";
    CONVERSATION_ADMIN_REPLIED = "conversation.admin.replied", "a teammate replied.";
    CONVERSATION_ADMIN_SINGLE_CREATED = "conversation.admin.single.created", "a teammate began a conversation with one contact.";
    CONVERSATION_ADMIN_SNOOZED = "conversation.admin.snoozed", "a teammate snoozed a conversation.";
    CONVERSATION_ADMIN_UNSNOOZED = "conversation.admin.unsnoozed", "a conversation came back from its snooze.";
    CONVERSATION_COMPANY_UPDATED = "conversation.company.updated", "a conversation belongs to another company.";
    CONVERSATION_CONTACT_ATTACHED = "conversation.contact.attached", "a contact joined a conversation.";
    CONVERSATION_CONTACT_DETACHED = "conversation.contact.detached", "a contact was taken out of a conversation.";
    CONVERSATION_DELETED = "conversation.deleted", "a conversation was deleted.";
    CONVERSATION_OPERATOR_REPLIED = "conversation.operator.replied", "Fin or a bot replied.";
    CONVERSATION_PRIORITY_UPDATED = "conversation.priority.updated", "a conversation was given priority, or lost it.";
    CONVERSATION_RATING_ADDED = "conversation.rating.added", "a conversation was rated.";
    CONVERSATION_READ = "conversation.read", "a contact read a conversation.";
    CONVERSATION_USER_CREATED = "conversation.user.created", "a contact began a conversation.";
    CONVERSATION_USER_REPLIED = "conversation.user.replied", "a contact replied.";

    // Parts of conversations: the item is a part.
    CONVERSATION_PART_REDACTED = "conversation_part.redacted", "a part was redacted.";
    CONVERSATION_PART_TAG_CREATED = "conversation_part.tag.created", "a part was tagged.";

    // Data connectors.
    DATA_CONNECTOR_EXECUTION_COMPLETED = "data_connector.execution.completed", "a data connector's action ran to its end.";

    // Events of contacts.
    EVENT_CREATED = "event.created", "an event was submitted.";

    // Types of subscriptions.
    GRANULAR_SUBSCRIBE = "granular.subscribe", "a contact subscribed to one type of message.";
    GRANULAR_UNSUBSCRIBE = "granular.unsubscribe", "a contact unsubscribed from one type of message.";

    // Jobs.
    JOB_COMPLETED = "job.completed", "a job ended.";

    // Tickets: the item is a ticket; from API version 2.15 on `ticket.closed` carries it in a field `ticket`.
    TICKET_ADMIN_ASSIGNED = "ticket.admin.assigned", "a ticket was assigned to a teammate.";
    TICKET_ADMIN_REPLIED = "ticket.admin.replied", "a teammate replied to a ticket.";
    TICKET_ATTRIBUTE_UPDATED = "ticket.attribute.updated", "an attribute of a ticket was changed.";
    TICKET_CLOSED = "ticket.closed", "the conversation of a ticket was closed.";
    TICKET_CONTACT_ATTACHED = "ticket.contact.attached", "a contact was attached to a ticket.";
    TICKET_CONTACT_DETACHED = "ticket.contact.detached", "a contact was detached from a ticket.";
    TICKET_CONTACT_REPLIED = "ticket.contact.replied", "a contact replied to a ticket.";
    TICKET_CREATED = "ticket.created", "a ticket was created.";
    TICKET_NOTE_CREATED = "ticket.note.created", "a note was left at a ticket.";
    TICKET_RATING_PROVIDED = "ticket.rating.provided", "a ticket was rated.";
    TICKET_RESOLVED = "ticket.resolved", "a ticket got a state of the category `resolved`.";
    TICKET_STATE_UPDATED = "ticket.state.updated", "a ticket got another state.";
    TICKET_TEAM_ASSIGNED = "ticket.team.assigned", "a ticket was assigned to a team.";

    // Visitors: the item is a visitor.
    VISITOR_SIGNED_UP = "visitor.signed_up", "a visitor became a user.";
}
