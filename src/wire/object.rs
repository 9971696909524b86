//! Objects: filled by name, and written with all that they hold.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use super::decode::{Slot, integer_of};
use super::extra::{Extra, Raw, bit};
use super::kept::Mark;
use super::names::Name;
use super::nullable::Nullable;
use super::reader::{Fault, Key, Reader, Step};

/// A struct that any object will do for, since every field can be absent: what the API's types are made of.
pub(crate) trait Object {
    /// The names of the fields on the wire.
    fn names(&self) -> &'static [Name];

    /// Reads the field at this place among the names.
    fn read(&mut self, place: usize, reader: &mut Reader<'_>) -> Result<(), Fault>;

    /// What it holds beyond its fields.
    fn extra(&mut self) -> &mut Extra;
}

/// Fills an object from the one that comes. Compiled once for all types.
///
/// Of a name that comes twice the last value counts.
pub(crate) fn fill(object: &mut dyn Object, reader: &mut Reader<'_>) -> Result<(), Fault> {
    let names = object.names();
    let mut located = reader.mismatches.len();
    let (mut nulls, mut kept_fields, mut fields_without_bit) = (0, 0, false);
    let (mut texts, mut names_lost) = (false, false);
    reader.kept = false;
    reader.fields(names, |reader, key| {
        // Half a surrogate pair in the name: the name that is kept is another.
        names_lost |= std::mem::take(&mut reader.kept);
        let begin = reader.place();
        let (place, field) = match key {
            Key::Field(place, name) => (place, name),
            Key::Other(name) => {
                if let Err(fault) = reader.skip() {
                    return Err(reader.failed(fault, Step::Name));
                }
                reader.unmatched += 1;
                reader.kept = false;
                if reader.strict {
                    reader.undescribed(&name, begin);
                    located = reader.mismatches.len();
                }
                texts = true;
                return object.extra().keep(reader, &name, reader.since(begin), Mark::Own);
            }
        };
        reader.null = false;
        if let Err(fault) = object.read(place, reader) {
            return Err(reader.failed(fault, Step::Field(field)));
        }
        if reader.mismatches.len() > located {
            reader.locate(located, Step::Field(field));
            located = reader.mismatches.len();
        }
        let bit = bit(place);
        nulls = if reader.null { nulls | bit } else { nulls & !bit };
        let kept = reader.kept || reader.null && bit == 0;
        // The field came before, and was kept; all fields without a bit count as one.
        let before = kept_fields & bit != 0 || bit == 0 && fields_without_bit;
        if kept || before {
            let (mark, text) = match kept {
                true => (Mark::Read, reader.since(begin)),
                false => (Mark::Void, ""),
            };
            texts = true;
            kept_fields = if kept { kept_fields | bit } else { kept_fields & !bit };
            fields_without_bit |= bit == 0;
            reader.kept = false;
            object.extra().keep(reader, field, text, mark)?;
        }
        Ok(())
    })?;
    if texts {
        object.extra().settle();
    }
    if nulls != 0 {
        object.extra().set_nulls(nulls);
    }
    // What does not fit an object is in the object, but for names.
    reader.kept = names_lost;
    reader.null = false;
    Ok(())
}

/// Reads an object onto the end of a list, where it stays: copying large ones there takes time.
#[inline]
pub(crate) fn append<T: Object + Default>(reader: &mut Reader<'_>, list: &mut Vec<T>) -> Result<(), Fault> {
    reader.make_room(list)?;
    list.push(T::default());
    let Some(object) = list.last_mut() else {
        return Ok(());
    };
    let filled = fill(object, reader);
    if filled == Err(Fault::Kind) {
        list.pop();
    }
    filled
}

/// Writes the fields of an object.
pub(crate) struct Fields<'a, M> {
    map: M,
    extra: &'a Extra,
}

impl<M: SerializeMap> Fields<'_, M> {
    /// Writes a field, or what is kept in its place.
    #[inline]
    pub(crate) fn field<T: Slot + Serialize>(
        &mut self,
        place: usize,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.write((place, name), value, value)
    }

    /// Writes a field with a number, without a fraction when there is none: servers send `0`, and get `0` back.
    pub(crate) fn number<T: Float>(
        &mut self,
        place: usize,
        name: &'static str,
        value: &Option<T>,
    ) -> Result<(), M::Error>
    where
        Option<T>: Slot,
    {
        self.write((place, name), value, &value.as_ref().map(|value| Whole(value.float())))
    }

    #[inline]
    fn write(
        &mut self,
        (place, name): (usize, &'static str),
        slot: &impl Slot,
        value: &impl Serialize,
    ) -> Result<(), M::Error> {
        if !self.extra.is_empty()
            && let Some(text) = self.extra.in_place(name, |text| slot.text_of(text))
        {
            return self.map.serialize_entry(name, &Raw(&text));
        }
        match slot.is_empty() {
            true if self.extra.is_null(place) => self.map.serialize_entry(name, &None::<()>),
            true => Ok(()),
            false => self.map.serialize_entry(name, value),
        }
    }
}

/// A number that a field may hold.
pub(crate) trait Float {
    /// The number, unless it is null.
    fn float(&self) -> Option<f64>;
}

impl Float for f64 {
    fn float(&self) -> Option<f64> {
        Some(*self)
    }
}

impl<T: Float> Float for Nullable<T> {
    fn float(&self) -> Option<f64> {
        self.as_option().and_then(T::float)
    }
}

/// A number that is written without a fraction when it has none.
struct Whole(Option<f64>);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_none(),
            Some(number) if !number.is_finite() => Err(S::Error::custom("a number that is not finite")),
            Some(number) => match integer_of(number) {
                Some(whole) if whole != 0 || number.is_sign_positive() => serializer.serialize_i64(whole),
                _ => serializer.serialize_f64(number),
            },
        }
    }
}

/// An object that is written field by field.
pub(crate) trait Write {
    /// The names of the fields on the wire.
    const NAMES: &'static [Name];

    /// Writes all fields.
    fn write<M: SerializeMap>(&self, fields: &mut Fields<'_, M>) -> Result<(), M::Error>;

    /// What it holds beyond its fields.
    fn beyond(&self) -> &Extra;
}

/// Writes an object.
pub(crate) fn serialize<T: Write, S: Serializer>(object: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = Fields {
        map: serializer.serialize_map(None)?,
        extra: object.beyond(),
    };
    object.write(&mut fields)?;
    for (name, raw) in object
        .beyond()
        .iter_raw()
        .filter(|(name, _)| T::NAMES.iter().all(|known| known.text() != *name))
    {
        fields.map.serialize_entry(name, &raw)?;
    }
    fields.map.end()
}

/// Declares how a struct of optional fields is read and written: `place "name on the wire" field how;`, where `how` is the
/// method of [`Fields`] that writes it.
macro_rules! object {
    ($name:ident { $( $place:literal $wire:literal $field:ident $how:ident; )* }) => {
        impl crate::wire::object::Object for $name {
            fn names(&self) -> &'static [crate::wire::names::Name] {
                <Self as crate::wire::object::Write>::NAMES
            }

            fn read(
                &mut self,
                place: usize,
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<(), crate::wire::reader::Fault> {
                match place {
                    $( $place => crate::wire::decode::Slot::read(&mut self.$field, reader), )*
                    _ => reader.skip(),
                }
            }

            fn extra(&mut self) -> &mut crate::Extra {
                &mut self.extra
            }
        }

        impl crate::wire::object::Write for $name {
            const NAMES: &'static [crate::wire::names::Name] = {
                static NAMES: &[crate::wire::names::Name] = &[$( crate::wire::names::Name::new($wire) ),*];
                NAMES
            };

            fn write<M: ::serde::ser::SerializeMap>(
                &self,
                #[allow(unused)] fields: &mut crate::wire::object::Fields<'_, M>,
            ) -> ::std::result::Result<(), M::Error> {
                $( fields.$how($place, $wire, &self.$field)?; )*
                Ok(())
            }

            fn beyond(&self) -> &crate::Extra {
                &self.extra
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                crate::wire::object::serialize(self, serializer)
            }
        }

        impl crate::wire::decode::Decode for $name {
            #[inline]
            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                let mut object = Self::default();
                crate::wire::object::fill(&mut object, reader)?;
                Ok(object)
            }

            #[inline]
            fn append(
                reader: &mut crate::wire::reader::Reader<'_>,
                list: &mut ::std::vec::Vec<Self>,
            ) -> ::std::result::Result<(), crate::wire::reader::Fault> {
                crate::wire::object::append(reader, list)
            }

            #[inline]
            fn empty() -> ::std::option::Option<Self> {
                Some(Self::default())
            }
        }
    };
}
pub(crate) use object;

/// Declares how a newtype is read: as what it holds.
#[allow(unused_macros)] // whether there are any depends on the description
macro_rules! newtype {
    ($name:ident $inner:ty) => {
        impl crate::wire::decode::Decode for $name {
            const NULL: bool = <$inner as crate::wire::decode::Decode>::NULL;

            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                crate::wire::decode::Decode::decode(reader).map(Self)
            }

            fn empty() -> ::std::option::Option<Self> {
                <$inner as crate::wire::decode::Decode>::empty().map(Self)
            }
        }

        crate::wire::deserialize::readable! { $name }
    };
}
#[allow(unused_imports)]
pub(crate) use newtype;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::wire::extra::Extra;
    use crate::wire::list::List;
    use crate::wire::map::Map;
    use crate::wire::nullable::Nullable;
    use crate::wire::read;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Point {
        x: Option<i64>,
        label: Option<String>,
        score: Option<f64>,
        near: List<Point>,
        marks: Map<Value>,
        weights: Map<i64>,
        extra: Extra,
    }
    object! {
        Point {
            0 "x" x field;
            1 "label" label field;
            2 "score" score number;
            3 "near" near field;
            4 "marks" marks field;
            5 "weights" weights field;
        }
    }
    crate::wire::deserialize::readable! { Point }

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Change {
        x: Option<Nullable<i64>>,
        label: Option<String>,
        extra: Extra,
    }
    object! { Change { 0 "x" x field; 1 "label" label field; } }
    crate::wire::deserialize::readable! { Change }

    fn point(text: &str) -> (Point, Vec<String>) {
        let (point, mismatches) = read::text::<Point>(text).unwrap();
        (point, mismatches.iter().map(ToString::to_string).collect())
    }

    /// Whatever comes goes out again, to the digit.
    #[test]
    fn json_in_same_json_out() {
        for text in [
            "{}",
            r#"{"x":7,"label":"a","score":0.5,"near":[],"marks":{},"weights":{}}"#,
            r#"{"x":7,"new":[1,{"a":"ü"}],"x2":123456789012345678901234567890,"x3":1e400,"x4":-0.0}"#,
            r#"{"x":11.5,"label":{"a":1},"score":"many","near":"none","marks":[1],"weights":7}"#,
            r#"{"label":7}"#,
            r#"{"label":true,"score":123456789012345678901234567890}"#,
            r#"{"x":18446744073709551616}"#,
            r#"{"near":[null,{"x":1},null]}"#,
            r#"{"near":[{"x":"no"},3,{"near":[null]}]}"#,
            r#"{"marks":{"a":1,"big":123456789012345678901234567890},"weights":{"a":1,"b":null,"c":"x"}}"#,
            r#"{"score":449.49106478873813}"#,
            r#"{"score":2308110182384.4063,"new":2308110182384.4063,"tiny":4.94e-324,"none":1e-400,"marks":{"a":9e-324}}"#,
            r#"{"label":"\ud83d"}"#,
        ] {
            let (point, _) = point(text);
            let (again, sent) = (serde_json::to_string(&point).unwrap(), text);
            let canonical = |text: &str| {
                let mut names: Vec<String> = Vec::new();
                let mut reader = crate::wire::reader::Reader::new(text);
                reader
                    .object("", |reader, name| {
                        let begin = reader.place();
                        reader.skip()?;
                        names.push(format!("{name}={}", reader.since(begin)));
                        Ok(())
                    })
                    .unwrap();
                names.sort();
                names
            };
            assert_eq!(canonical(&again), canonical(sent));
            let by_serde: Point = serde_json::from_str(text).unwrap();
            assert_eq!(by_serde, point);
        }
    }

    #[test]
    fn what_is_odd_is_told_by_path_and_kind() {
        let text = r#"{"x":{},"near":[{"x":1},null,7,{"near":[{"label":[]}]}],"weights":{"ada@x.test":"no"},"new":1}"#;
        assert_eq!(
            point(text).1,
            [
                "x: expected an integer, found an object",
                "near[2]: expected an object, found an integer",
                "near[3].near[0].label: expected a string, found a list",
                "weights.*: expected an integer, found a string",
            ]
        );
        assert!(
            point(r#"{"x":null,"near":null,"new":{}}"#).1.is_empty(),
            "neither null nor a new name is odd"
        );
    }

    #[test]
    fn a_field_that_is_changed_is_written_as_changed() {
        let (mut point, _) = point(r#"{"x":"many","near":[null],"marks":{"big":123456789012345678901234567890}}"#);
        point.x = Some(3);
        point.near.push(Point::default());
        point.marks.insert("a".to_owned(), json!(1));
        let again = serde_json::to_value(&point).unwrap();
        assert_eq!(again["x"], 3);
        assert_eq!(again["near"], json!([null, {}]));
        assert_eq!(again["marks"]["a"], 1);
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_counts() {
        for (text, again) in [
            (r#"{"x":1,"x":2}"#, json!({"x": 2})),
            (r#"{"x":"no","x":2}"#, json!({"x": 2})),
            (r#"{"x":1,"x":"no"}"#, json!({"x": "no"})),
            (r#"{"new":1,"new":2}"#, json!({"new": 2})),
        ] {
            assert_eq!(serde_json::to_value(point(text).0).unwrap(), again, "{text}");
        }
    }

    #[test]
    fn a_field_set_and_unset_again_is_not_written_as_it_came() {
        for (text, unset) in [
            (r#"{"x":"12"}"#, "{}"),
            (r#"{"x":12.0,"score":1.50}"#, r#"{"score":1.50}"#),
            (r#"{"x":null}"#, r#"{"x":null}"#),
        ] {
            let (mut point, _) = point(text);
            assert_eq!(serde_json::to_string(&point).unwrap(), text);
            point.x = None;
            assert_eq!(serde_json::to_string(&point).unwrap(), unset);
        }
        // A value of another kind leaves the field unset: it is taken out where it is kept.
        let (mut point, _) = point(r#"{"x":{},"label":7}"#);
        point.extra.remove("x");
        assert_eq!(serde_json::to_string(&point).unwrap(), r#"{"label":7}"#);
    }

    /// A `Value` holds no half of a surrogate pair and no number beyond a float: it gets what is nearest.
    #[test]
    fn a_value_can_be_made_of_everything() {
        for (text, nearest) in [
            (
                r#"{"label":"\ud83d","new":"\udc00"}"#,
                json!({"label": "\u{fffd}", "new": "\u{fffd}"}),
            ),
            (
                r#"{"marks":{"a":-1e400},"new":[1e400,1]}"#,
                json!({"new": [null, 1], "marks": {"a": null}}),
            ),
            (
                r#"{"new":123456789012345678901234567890}"#,
                json!({"new": 1.2345678901234568e29}),
            ),
        ] {
            let point = point(text).0;
            assert_eq!(serde_json::to_value(&point).unwrap(), nearest, "{text}");
            assert_eq!(serde_json::to_string(&point).unwrap(), text);
        }
    }

    #[test]
    fn an_object_whose_names_are_half_characters_is_kept_by_the_one_around_it() {
        let text = r#"{"near":[{"\ud83d":1,"\ud83e":2}]}"#;
        assert_eq!(serde_json::to_string(&point(text).0).unwrap(), text);
    }

    #[test]
    fn many_unknown_names_take_no_longer_than_each_needs() {
        let names: Vec<String> = (0..100_000).map(|i| format!(r#""n{i}":{i}"#)).collect();
        let (point, _) = point(&format!("{{{}}}", names.join(",")));
        assert_eq!(
            (point.extra.len(), point.extra.get("n99999")),
            (100_000, Some(json!(99999)))
        );
    }

    #[test]
    fn null_reads_as_absent_and_is_written_again() {
        let text = r#"{"x":null,"near":null,"marks":null}"#;
        let (mut point, _) = point(text);
        assert_eq!(point, Point::default());
        assert!(point.extra.is_empty());
        assert_eq!(serde_json::to_string(&point).unwrap(), text);
        (point.x, point.near) = (Some(1), List::from([]));
        assert_eq!(
            serde_json::to_string(&point).unwrap(),
            r#"{"x":1,"near":[],"marks":null}"#
        );
        assert_eq!(
            super::tests::point(r#"{"x":null,"x":1}"#).0,
            super::tests::point(r#"{"x":1}"#).0
        );
        let twice = serde_json::to_string(&super::tests::point(r#"{"label":null,"label":"a"}"#).0);
        assert_eq!(twice.unwrap(), r#"{"label":"a"}"#);
        let sent = json!({"x": null, "label": null, "new": null});
        let change: Change = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(change.x, Some(Nullable::Null));
        assert_eq!(serde_json::to_value(&change).unwrap(), sent);
    }

    #[test]
    fn what_is_no_json_says_where_it_ends() {
        for (text, message) in [
            ("", "expected JSON, found nothing"),
            ("<html>", "expected JSON, found HTML or XML"),
            ("[1]", "expected an object, found a list"),
            (
                r#"{"near":[{"x":1},{"x":"#,
                "near[1]: expected JSON, found its end after 22 bytes",
            ),
            (
                r#"{"near":[{"x":1},{"label":'a'}]}"#,
                "near[1].label: expected JSON, found something else at byte 26",
            ),
            (
                r#"{"secret name":nope}"#,
                "*: expected JSON, found something else at byte 16",
            ),
        ] {
            assert_eq!(read::text::<Point>(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn nothing_extra_costs_sixteen_bytes() {
        assert_eq!(size_of::<Extra>(), 16);
        assert_eq!(size_of::<List<String>>(), size_of::<Vec<String>>());
        assert!(size_of::<Map>() <= size_of::<std::collections::BTreeMap<String, Value>>());
    }

    /// As a part of a user's own types, which serde reads in its own ways.
    #[test]
    fn other_ways_of_serde_lead_to_the_same() {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Own {
            name: String,
            #[serde(flatten)]
            point: Point,
        }
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(untagged)]
        enum Either {
            Points(Vec<Point>),
            Point(Box<Point>),
        }
        let sent = json!({"name": "a", "x": 1, "near": [{"x": "no", "new": 0.1}, null], "new": [1, null]});
        let own: Own = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(own.point.near[0].extra.get("x"), Some(json!("no")));
        assert_eq!(serde_json::to_value(&own).unwrap(), sent);
        let either: Either = serde_json::from_str(r#"[{"x":1}]"#).unwrap();
        assert!(matches!(either, Either::Points(points) if points[0].x == Some(1)));
        let yaml: Point =
            serde_norway::from_str("x: 1\nnear: [{x: 2, new: {a: [true, null]}}]\nmarks: {f: 0.25}").unwrap();
        assert_eq!(
            serde_json::to_value(&yaml).unwrap(),
            json!({"x": 1, "near": [{"x": 2, "new": {"a": [true, null]}}], "marks": {"f": 0.25}})
        );
        assert!(
            serde_json::from_str::<Point>("[1]")
                .unwrap_err()
                .to_string()
                .contains("expected an object")
        );
    }
}
