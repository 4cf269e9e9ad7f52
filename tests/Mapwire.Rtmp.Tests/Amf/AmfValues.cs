using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Tests.Amf;

/// <summary>Random AMF values.</summary>
internal static class AmfValues
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.Elements("", "a", "äöü", "\0", "日本", "😀", "duration", new string('x', 300)),
        Gen.Choose(0, 5).Select(n => new string('n', n)));

    private static readonly Gen<string> Names = Gen.Elements("a", "app", "名", "b c", "objectEncoding");

    private static readonly Gen<double> Numbers = Gen.OneOf(
        Gen.Elements(0.0, -0.0, 1, -1, 1.5, double.MaxValue, double.Epsilon, double.NegativeInfinity, double.NaN, 1e15),
        Gen.Choose(int.MinValue, int.MaxValue).Select(n => (double)n));

    public static Gen<AmfValue> Any(bool amf3) => Gen.Sized(size => Sized(Math.Min(size, 30), amf3));

    public static Gen<AmfValue> Object(bool amf3) => Properties(10, amf3).Select(p => AmfValue.Object(p));

    private static Gen<AmfValue> Sized(int size, bool amf3)
    {
        List<Gen<AmfValue>> scalars =
        [
            Numbers.Select(AmfValue.Number),
            Text.Select(AmfValue.String),
            Gen.Elements(AmfValue.Null, AmfValue.Undefined, AmfValue.True, AmfValue.False),
            Numbers.Select(AmfValue.Date),
            Text.Select(AmfValue.XmlDocument),
            Text.Select(AmfValue.Xml),
            Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().Select(b => AmfValue.ByteArray(b)),
            Gen.Choose(int.MinValue, int.MaxValue).ArrayOf()
                .Select(n => AmfValue.Vector(AmfKind.Int32Vector, [.. n.Select(i => AmfValue.Number(i))], n.Length % 2 == 0)),
            Gen.Choose(int.MinValue, int.MaxValue).ArrayOf()
                .Select(n => AmfValue.Vector(AmfKind.UInt32Vector, [.. n.Select(i => AmfValue.Number((uint)i))])),
            Numbers.ArrayOf().Select(n => AmfValue.Vector(AmfKind.DoubleVector, [.. n.Select(AmfValue.Number)])),
        ];
        if (amf3)
        {
            scalars.Add(Gen.Choose(-(1 << 28), (1 << 28) - 1).Select(AmfValue.Integer));
        }

        Gen<AmfValue> leaf = Gen.OneOf(scalars);
        if (size < 2)
        {
            return leaf;
        }

        int half = size / 3;
        return Gen.OneOf(
            leaf,
            leaf,
            from properties in Properties(half,
            amf3)
            from name in Gen.Elements(null, "C", "flash.C")
            select AmfValue.Object(properties, name),
            from properties in Properties(half, amf3) where properties.Length > 0 select AmfValue.EcmaArray(properties),
            from items in Items(half, amf3) select AmfValue.StrictArray(items),
            from properties in Properties(half, true)
            from items in Items(half, true)
            where properties.Length > 0 && items.Length > 0
            select AmfValue.EcmaArray(properties, items),
            from items in Items(half, true) select AmfValue.Dictionary([.. items, .. items]),
            from items in Items(half, true) select AmfValue.Vector(AmfKind.ObjectVector, items, true, "C"));
    }

    private static Gen<ImmutableArray<AmfValue>> Items(int size, bool amf3) =>
        Gen.Choose(0, 4).SelectMany(count => Sized(size, amf3).ArrayOf(count)).Select(items => items.ToImmutableArray());

    private static Gen<ImmutableArray<AmfProperty>> Properties(int size, bool amf3) =>
        from count in Gen.Choose(0, 4)
        from names in Names.ArrayOf(count)
        from values in Sized(size, amf3).ArrayOf(count)
        select names.Zip(values, (n, v) => new AmfProperty(n, v)).ToImmutableArray();
}
