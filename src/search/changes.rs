//! The query of a search for changes.

use serde::Serialize;

use super::{MAX_LEVELS, Query, QueryError, UPDATED_AT, field};
use crate::wire::timestamp::Timestamp;

/// How a search compares dates. The variants in use depend on the description.
#[allow(dead_code)]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dates {
    /// To the second.
    Exact,
    /// By the days of the workspace's time zone.
    WholeDays,
}

impl Dates {
    /// Returns the query of a search for items that changed at `moment` or later and match the search's own query, if any.
    pub(crate) fn changed_since(self, moment: Timestamp, query: &impl Serialize) -> Query {
        /// Reaches the previous day in any time zone, even if a day has 25 hours.
        const TWO_DAYS: i64 = 2 * 86_400;
        let margin = match self {
            Self::Exact => 1,
            Self::WholeDays => TWO_DAYS,
        };
        let changed = field(UPDATED_AT).gt(moment.as_seconds().saturating_sub(margin).max(0));
        match serde_json::to_string(query) {
            Ok(query) if query == "null" => changed,
            Ok(query) => {
                let query = Query::read(&query);
                let own = query.check();
                let levels = query.levels();
                let error = match own {
                    Err(error) => error,
                    Ok(()) if levels > MAX_LEVELS => QueryError::TooDeep { levels },
                    Ok(()) => QueryError::NoRoomForChanges,
                };
                query.with_filter(changed).unwrap_or_else(|| Query::invalid(error))
            }
            // Without its own query, the search would find other records, so the call fails.
            Err(_) => Query::all([]),
        }
    }
}
