//! Objects: how their fields are read by name, and how they are serialized.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use super::decode::{Field, integer_of};
use super::extra::{Extra, null_bit};
use super::names::{Name, Names};
use super::nullable::Nullable;
use super::raw_json::{Origin, RawJson};
use super::reader::{Fault, Key, PathStep, Reader};

/// A struct whose fields are all optional, so that any JSON object decodes to it.
pub(crate) trait ReadObject {
    /// Returns the names of the fields in JSON.
    fn names(&self) -> &'static Names;

    /// Reads the value of the field at this index of [`names`](Self::names).
    fn read_field(&mut self, index: usize, reader: &mut Reader<'_>) -> Result<(), Fault>;

    /// Returns the values that the fields cannot hold.
    fn extra_mut(&mut self) -> &mut Extra;
}

/// Reads an object. If a name occurs twice, the last value counts.
///
/// Takes a trait object so that it is compiled once for all types.
pub(crate) fn read(object: &mut dyn ReadObject, reader: &mut Reader<'_>) -> Result<(), Fault> {
    let mut kept = Kept {
        names: object.names(),
        located: reader.mismatch_count(),
        marked: 0,
        nulls: 0,
        fields: 0,
        without_bit: false,
        has_texts: false,
    };
    reader.keep_text = false;
    let lost_name = reader.fields(kept.names, |reader, key| {
        let start = reader.position();
        let index = match key {
            Key::Field(index) => index,
            Key::Unknown(name) => return kept.unknown(object, reader, &name, start),
        };
        reader.was_null = false;
        if let Err(fault) = object.read_field(index, reader) {
            return Err(reader.fail_at(PathStep::Field(kept.name(index)), fault));
        }
        // Most values set their field and need nothing else, or are the first null of their field.
        let mark = mark(index);
        if kept.marked & mark != 0
            || reader.keep_text
            || reader.mismatch_count() != kept.located
            || reader.was_null && mark == SHARED_MARK
        {
            return kept.field(object, reader, index, start);
        }
        if reader.was_null {
            kept.marked |= mark;
            kept.nulls |= null_bit(index);
        }
        Ok(())
    })?;
    if kept.has_texts {
        object.extra_mut().sort();
    }
    if kept.nulls != 0 {
        object.extra_mut().set_nulls(kept.nulls);
    }
    // The object keeps the texts of its values itself, but not the texts of its names.
    reader.keep_text = lost_name;
    reader.was_null = false;
    Ok(())
}

/// The nulls and texts of an object that is being read, which its fields cannot hold.
struct Kept {
    names: &'static Names,
    /// The number of mismatches whose path contains the name of their field.
    located: usize,
    /// The [`mark`]s of the fields that were null, that were kept, or whose value was of another type.
    marked: u64,
    /// The [`null_bit`]s of the fields that are null.
    nulls: u64,
    /// The [`null_bit`]s of the fields whose text is kept.
    fields: u64,
    /// Whether the text of a field without a bit was kept.
    without_bit: bool,
    has_texts: bool,
}

/// The mark of all fields after the 63rd.
const SHARED_MARK: u64 = 1 << 63;

/// Returns the mark of the field at `index`.
#[inline(always)]
fn mark(index: usize) -> u64 {
    1 << index.min(63)
}

impl Kept {
    fn name(&self, index: usize) -> &'static str {
        self.names.get(index).map(Name::text).unwrap_or_default()
    }

    /// Records that the field at `index` is null, or keeps the text of its value, which starts at `start`.
    #[inline(never)]
    fn field(
        &mut self,
        object: &mut dyn ReadObject,
        reader: &mut Reader<'_>,
        index: usize,
        start: usize,
    ) -> Result<(), Fault> {
        self.marked |= mark(index);
        if reader.mismatch_count() > self.located {
            reader.add_step(self.located, PathStep::Field(self.name(index)));
            self.located = reader.mismatch_count();
        }
        let (bit, null) = (null_bit(index), reader.was_null);
        self.nulls = if null { self.nulls | bit } else { self.nulls & !bit };
        let keep = reader.keep_text || null && bit == 0;
        // Whether an earlier value of this name was kept. All fields without a bit share one flag.
        let kept_before = self.fields & bit != 0 || bit == 0 && self.without_bit;
        if keep || kept_before {
            let (origin, text) = match keep {
                true => (Origin::Field, reader.text_since(start)),
                false => (Origin::Replaced, ""),
            };
            self.has_texts = true;
            self.fields = if keep { self.fields | bit } else { self.fields & !bit };
            self.without_bit |= bit == 0;
            reader.keep_text = false;
            object.extra_mut().keep(reader, self.name(index), text, origin)?;
        }
        Ok(())
    }

    /// Keeps the value of a name that is not the name of a field.
    #[inline(never)]
    fn unknown(
        &mut self,
        object: &mut dyn ReadObject,
        reader: &mut Reader<'_>,
        name: &str,
        start: usize,
    ) -> Result<(), Fault> {
        if let Err(fault) = reader.skip() {
            return Err(reader.fail_at(PathStep::UnknownName, fault));
        }
        reader.count_unmatched();
        reader.keep_text = false;
        if reader.is_strict() {
            reader.record_unknown_name(name, start);
            self.located = reader.mismatch_count();
        }
        self.has_texts = true;
        let text = reader.text_since(start);
        object.extra_mut().keep(reader, name, text, Origin::Extra)
    }
}

/// Reads an object in its place at the end of a list, because moving large objects takes time.
#[inline]
pub(crate) fn append<T: ReadObject + Default>(reader: &mut Reader<'_>, list: &mut Vec<T>) -> Result<(), Fault> {
    reader.make_room(list)?;
    // Unlike `push`, this creates the object in its place.
    list.resize_with(list.len() + 1, T::default);
    let Some(object) = list.last_mut() else {
        return Ok(());
    };
    let result = read(object, reader);
    if result == Err(Fault::WrongType) {
        list.pop();
    }
    result
}

/// Serializes the fields of an object.
pub(crate) struct FieldWriter<'a, M> {
    map: M,
    extra: &'a Extra,
}

impl<M: SerializeMap> FieldWriter<'_, M> {
    /// Writes a field, or the text that is kept for it.
    #[inline]
    pub(crate) fn field<T: Field + Serialize>(
        &mut self,
        index: usize,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.write((index, name), value, value)
    }

    /// Writes a field of floats. A float without a fraction is written as an integer, as servers do.
    pub(crate) fn number<T: Float>(
        &mut self,
        index: usize,
        name: &'static str,
        value: &Option<T>,
    ) -> Result<(), M::Error>
    where
        Option<T>: Field,
    {
        let shortest = value.as_ref().map(|value| ShortestNumber(value.float()));
        self.write((index, name), value, &shortest)
    }

    #[inline]
    fn write(
        &mut self,
        (index, name): (usize, &'static str),
        field: &impl Field,
        value: &impl Serialize,
    ) -> Result<(), M::Error> {
        if !self.extra.is_empty()
            && let Some(text) = self.extra.text_for_field(name, |text| field.original_text(text))
        {
            return self.map.serialize_entry(name, &RawJson(&text));
        }
        match field.is_unset() {
            true if self.extra.is_null(index) => self.map.serialize_entry(name, &None::<()>),
            true => Ok(()),
            false => self.map.serialize_entry(name, value),
        }
    }
}

/// A type of which fields are written by [`FieldWriter::number`].
pub(crate) trait Float {
    /// Returns the number, or `None` for null.
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

/// A number that is serialized without a fraction if it has none.
struct ShortestNumber(Option<f64>);

impl Serialize for ShortestNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_none(),
            Some(number) if !number.is_finite() => Err(S::Error::custom("number is not finite")),
            Some(number) => match integer_of(number) {
                Some(integer) if integer != 0 || number.is_sign_positive() => serializer.serialize_i64(integer),
                _ => serializer.serialize_f64(number),
            },
        }
    }
}

/// A struct that is serialized as a JSON object.
pub(crate) trait WriteObject {
    /// Returns the names of the fields in JSON.
    fn names() -> &'static Names;

    /// Writes all fields.
    fn write_fields<M: SerializeMap>(&self, fields: &mut FieldWriter<'_, M>) -> Result<(), M::Error>;

    /// Returns the values that the fields cannot hold.
    fn extra(&self) -> &Extra;
}

/// Serializes an object: its fields, then the names without a field.
pub(crate) fn serialize<T: WriteObject, S: Serializer>(object: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = FieldWriter {
        map: serializer.serialize_map(None)?,
        extra: object.extra(),
    };
    object.write_fields(&mut fields)?;
    for (name, json) in object
        .extra()
        .iter_raw()
        .filter(|(name, _)| T::names().find(name).is_none())
    {
        fields.map.serialize_entry(name, &json)?;
    }
    fields.map.end()
}

/// Declares how a struct of optional fields is read and serialized: `index "name in JSON" field method;`, where `method` is the
/// method of [`FieldWriter`] that writes the field.
macro_rules! object {
    ($name:ident { $( $index:literal $json:literal $field:ident $method:ident; )* }) => {
        impl crate::wire::object::ReadObject for $name {
            fn names(&self) -> &'static crate::wire::names::Names {
                <Self as crate::wire::object::WriteObject>::names()
            }

            fn read_field(
                &mut self,
                index: usize,
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<(), crate::wire::reader::Fault> {
                match index {
                    $( $index => crate::wire::decode::Field::read(&mut self.$field, reader), )*
                    _ => reader.skip(),
                }
            }

            fn extra_mut(&mut self) -> &mut crate::Extra {
                &mut self.extra
            }
        }

        impl crate::wire::object::WriteObject for $name {
            fn names() -> &'static crate::wire::names::Names {
                const COUNT: usize = <[&str]>::len(&[$( $json ),*]);
                static LIST: [crate::wire::names::Name; COUNT] = [$( crate::wire::names::Name::new($index, $json) ),*];
                static NAMES: crate::wire::names::Names = crate::wire::names::Names::new(&LIST);
                &NAMES
            }

            fn write_fields<M: ::serde::ser::SerializeMap>(
                &self,
                #[allow(unused)] fields: &mut crate::wire::object::FieldWriter<'_, M>,
            ) -> ::std::result::Result<(), M::Error> {
                $( fields.$method($index, $json, &self.$field)?; )*
                Ok(())
            }

            fn extra(&self) -> &crate::Extra {
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
                crate::wire::object::read(&mut object, reader)?;
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
            fn from_empty_body() -> ::std::option::Option<Self> {
                Some(Self::default())
            }
        }
    };
}
pub(crate) use object;

/// Declares how a newtype is read: like the type it contains.
#[allow(unused_macros)] // not every description has newtypes
macro_rules! newtype {
    ($name:ident $inner:ty) => {
        impl crate::wire::decode::Decode for $name {
            const ACCEPTS_NULL: bool = <$inner as crate::wire::decode::Decode>::ACCEPTS_NULL;

            fn decode(
                reader: &mut crate::wire::reader::Reader<'_>,
            ) -> ::std::result::Result<Self, crate::wire::reader::Fault> {
                crate::wire::decode::Decode::decode(reader).map(Self)
            }

            fn from_empty_body() -> ::std::option::Option<Self> {
                <$inner as crate::wire::decode::Decode>::from_empty_body().map(Self)
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

    use super::WriteObject;
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

    /// Declares a type with more fields than there are marks.
    macro_rules! wide {
        ($( $index:literal $json:literal $field:ident; )*) => {
            #[derive(Clone, Debug, Default, PartialEq)]
            struct Wide {
                $( $field: Option<i64>, )*
                extra: Extra,
            }
            object! { Wide { $( $index $json $field field; )* } }
            crate::wire::deserialize::readable! { Wide }
        };
    }
    wide! {
        0 "f0" f0; 1 "f1" f1; 2 "f2" f2; 3 "f3" f3; 4 "f4" f4; 5 "f5" f5;
        6 "f6" f6; 7 "f7" f7; 8 "f8" f8; 9 "f9" f9; 10 "f10" f10; 11 "f11" f11;
        12 "f12" f12; 13 "f13" f13; 14 "f14" f14; 15 "f15" f15; 16 "f16" f16; 17 "f17" f17;
        18 "f18" f18; 19 "f19" f19; 20 "f20" f20; 21 "f21" f21; 22 "f22" f22; 23 "f23" f23;
        24 "f24" f24; 25 "f25" f25; 26 "f26" f26; 27 "f27" f27; 28 "f28" f28; 29 "f29" f29;
        30 "f30" f30; 31 "f31" f31; 32 "f32" f32; 33 "f33" f33; 34 "f34" f34; 35 "f35" f35;
        36 "f36" f36; 37 "f37" f37; 38 "f38" f38; 39 "f39" f39; 40 "f40" f40; 41 "f41" f41;
        42 "f42" f42; 43 "f43" f43; 44 "f44" f44; 45 "f45" f45; 46 "f46" f46; 47 "f47" f47;
        48 "f48" f48; 49 "f49" f49; 50 "f50" f50; 51 "f51" f51; 52 "f52" f52; 53 "f53" f53;
        54 "f54" f54; 55 "f55" f55; 56 "f56" f56; 57 "f57" f57; 58 "f58" f58; 59 "f59" f59;
        60 "f60" f60; 61 "f61" f61; 62 "f62" f62; 63 "f63" f63; 64 "f64" f64; 65 "f65" f65;
    }

    #[test]
    fn every_field_of_a_wide_object_is_serialized_as_received() {
        // The text, the text that is serialized if it differs, and the number of mismatches.
        for (sent, written, count) in [
            (r#"{"f61":null,"f62":null,"f63":null,"f64":null,"f65":null}"#, None, 0),
            (r#"{"f61":"12","f62":"12","f63":"12","f64":"12","f65":"12"}"#, None, 0),
            (r#"{"f62":{},"f63":[],"f64":true,"f65":[1.50]}"#, None, 4),
            (r#"{"f62":null,"f63":"7","f64":[null],"f65":4}"#, None, 1),
            (r#"{"f62":null,"f62":1}"#, Some(r#"{"f62":1}"#), 0),
            (r#"{"f63":null,"f63":1}"#, Some(r#"{"f63":1}"#), 0),
            (r#"{"f64":null,"f64":1}"#, Some(r#"{"f64":1}"#), 0),
            (r#"{"f62":"12","f62":1}"#, Some(r#"{"f62":1}"#), 0),
            (r#"{"f64":"12","f64":1}"#, Some(r#"{"f64":1}"#), 0),
            (r#"{"f63":1,"f63":null}"#, Some(r#"{"f63":null}"#), 0),
            (r#"{"f64":1,"f64":null}"#, Some(r#"{"f64":null}"#), 0),
            (r#"{"f63":"1","f65":2,"f63":3}"#, Some(r#"{"f63":3,"f65":2}"#), 0),
            (
                r#"{"f62":null,"f65":null,"f62":"7"}"#,
                Some(r#"{"f62":"7","f65":null}"#),
                0,
            ),
            (
                r#"{"f64":[],"f65":1,"f64":"5","f65":{}}"#,
                Some(r#"{"f64":"5","f65":{}}"#),
                2,
            ),
        ] {
            let (wide, mismatches) = read::text::<Wide>(sent).unwrap();
            assert_eq!(serde_json::to_string(&wide).unwrap(), written.unwrap_or(sent), "{sent}");
            assert_eq!(mismatches.len(), count, "{sent}");
            assert!(
                mismatches.iter().all(|mismatch| mismatch.path.starts_with('f')),
                "{mismatches:?}"
            );
        }
    }

    /// Other tests do not use this type, because all readers share the order.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Ordered {
        first: Option<i64>,
        second: Option<i64>,
        third: Option<i64>,
        extra: Extra,
    }
    object! { Ordered { 0 "first" first field; 1 "second" second field; 2 "third" third field; } }
    crate::wire::deserialize::readable! { Ordered }

    #[test]
    fn order_of_names_is_learned() {
        let names = <Ordered as WriteObject>::names();
        let order = || {
            let next = |index| names.get(index).map(|name| name.next().get());
            (names.first().get(), next(0), next(1), next(2))
        };
        assert_eq!(order(), (0, Some(1), Some(2), Some(3)));
        for _ in 0..2 {
            let sent = r#"{"third":3,"other":0,"first":1,"second":2}"#;
            let (read, _) = read::text::<Ordered>(sent).unwrap();
            assert_eq!((read.first, read.second, read.third), (Some(1), Some(2), Some(3)));
            assert_eq!(order(), (2, Some(1), Some(2), Some(0)));
        }
    }

    fn point(text: &str) -> (Point, Vec<String>) {
        let (point, mismatches) = read::text::<Point>(text).unwrap();
        (point, mismatches.iter().map(ToString::to_string).collect())
    }

    /// Every text is serialized with the same digits.
    #[test]
    fn object_is_serialized_as_received() {
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
                        let start = reader.position();
                        reader.skip()?;
                        names.push(format!("{name}={}", reader.text_since(start)));
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
    fn mismatches_report_path_and_type() {
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
            "null and unknown names are not mismatches"
        );
    }

    #[test]
    fn changed_field_is_serialized_with_its_new_value() {
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
    fn last_value_counts_when_a_name_occurs_twice() {
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
    fn unset_field_is_not_serialized_as_received() {
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
        // A value of another type leaves the field unset, and is removed from `extra`.
        let (mut point, _) = point(r#"{"x":{},"label":7}"#);
        point.extra.remove("x");
        assert_eq!(serde_json::to_string(&point).unwrap(), r#"{"label":7}"#);
    }

    /// A `Value` cannot hold unpaired surrogates and numbers out of range of a float: they become the nearest value.
    #[test]
    fn value_gets_the_nearest_text_or_number() {
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
    fn object_with_unpaired_surrogates_in_names_is_kept_by_its_parent() {
        let text = r#"{"near":[{"\ud83d":1,"\ud83e":2}]}"#;
        assert_eq!(serde_json::to_string(&point(text).0).unwrap(), text);
    }

    #[test]
    fn unknown_names_are_read_in_linear_time() {
        let names: Vec<String> = (0..100_000).map(|i| format!(r#""n{i}":{i}"#)).collect();
        let (point, _) = point(&format!("{{{}}}", names.join(",")));
        assert_eq!(
            (point.extra.len(), point.extra.get("n99999")),
            (100_000, Some(json!(99999)))
        );
    }

    #[test]
    fn null_reads_as_unset_and_is_serialized_again() {
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
    fn syntax_errors_report_path_and_position() {
        for (text, message) in [
            ("", "expected JSON, found nothing"),
            ("<html>", "expected JSON, found HTML or XML"),
            ("[1]", "expected an object, found a list"),
            (
                r#"{"near":[{"x":1},{"x":"#,
                "near[1]: expected JSON, found the end of the text after 22 bytes",
            ),
            (
                r#"{"near":[{"x":1},{"label":'a'}]}"#,
                "near[1].label: expected JSON, found an invalid character at byte 26",
            ),
            (
                r#"{"secret name":nope}"#,
                "*: expected JSON, found an invalid character at byte 16",
            ),
        ] {
            assert_eq!(read::text::<Point>(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn empty_extra_takes_sixteen_bytes() {
        assert_eq!(size_of::<Extra>(), 16);
        assert_eq!(size_of::<List<String>>(), size_of::<Vec<String>>());
        assert!(size_of::<Map>() <= size_of::<std::collections::BTreeMap<String, Value>>());
    }

    /// Covers the ways in which serde reads the type inside user-defined types.
    #[test]
    fn flattened_untagged_and_yaml_values_decode_alike() {
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
