using System.Collections.Immutable;

namespace Mapwire.Rtmp.Amf;

/// <summary>A value of AMF0 or AMF3: an immutable tree (AMF0 1.21; AMF3 3.1). Compared by content.</summary>
public sealed class AmfValue : IEquatable<AmfValue>
{
    private readonly double _number;
    private readonly string? _text;
    private readonly ImmutableArray<byte> _bytes = [];

    private AmfValue(AmfKind kind, double number = 0, string? text = null)
    {
        Kind = kind;
        _number = number;
        _text = text;
    }

    private AmfValue(ImmutableArray<byte> bytes)
        : this(AmfKind.ByteArray) => _bytes = bytes;

    private AmfValue(
        AmfKind kind, string? className, ImmutableArray<AmfProperty> properties, ImmutableArray<AmfValue> items, bool isFixed = false)
        : this(kind, isFixed ? 1 : 0, className)
    {
        Properties = properties;
        Items = items;
        long weight = 1;
        int height = 0;
        foreach (AmfProperty property in properties)
        {
            weight += property.Value.Weight;
            height = Math.Max(height, property.Value.Height);
        }

        foreach (AmfValue item in items)
        {
            weight += item.Weight;
            height = Math.Max(height, item.Height);
        }

        Weight = (int)Math.Min(int.MaxValue, weight);
        Height = height + 1;
    }

    /// <summary>undefined.</summary>
    public static AmfValue Undefined { get; } = new(AmfKind.Undefined);

    /// <summary>null.</summary>
    public static AmfValue Null { get; } = new(AmfKind.Null);

    /// <summary>AMF0's unsupported.</summary>
    public static AmfValue Unsupported { get; } = new(AmfKind.Unsupported);

    /// <summary>true.</summary>
    public static AmfValue True { get; } = new(AmfKind.Boolean, 1);

    /// <summary>false.</summary>
    public static AmfValue False { get; } = new(AmfKind.Boolean);

    /// <summary>What the value is.</summary>
    public AmfKind Kind { get; }

    /// <summary>The class of an object or object vector; null when it has none.</summary>
    public string? ClassName => Kind is AmfKind.Object or AmfKind.ObjectVector ? _text : null;

    /// <summary>Named properties of an object or ECMA array, in the order sent; else empty.</summary>
    public ImmutableArray<AmfProperty> Properties { get; } = [];

    /// <summary>Items of an array, vector or dictionary (key, value, ...); else empty.</summary>
    public ImmutableArray<AmfValue> Items { get; } = [];

    /// <summary>Whether a vector's length is fixed, or a dictionary's keys are weak.</summary>
    public bool IsFixed => Kind >= AmfKind.Int32Vector && _number != 0;

    /// <summary>Values in the tree, this one included; shared ones as often as they are met.</summary>
    internal int Weight { get; } = 1;

    /// <summary>Levels of nesting below this value: 0 for what has no inside.</summary>
    internal int Height { get; }

    /// <summary>The value of the property of that name (the last, if it came twice); null when there is none.</summary>
    public AmfValue? this[string name]
    {
        get
        {
            for (int i = Properties.Length - 1; i >= 0; i--)
            {
                if (Properties[i].Name == name)
                {
                    return Properties[i].Value;
                }
            }

            return null;
        }
    }

    /// <summary>A number.</summary>
    public static AmfValue Number(double value) => new(AmfKind.Number, value);

    /// <summary>An AMF3 integer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not fit 29 bits.</exception>
    public static AmfValue Integer(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, -(1 << 28));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, 1 << 28);
        return new AmfValue(AmfKind.Integer, value);
    }

    /// <summary>true or false.</summary>
    public static AmfValue Boolean(bool value) => value ? True : False;

    /// <summary>Text.</summary>
    public static AmfValue String(string value) => new(AmfKind.String, 0, value);

    /// <summary>A date: milliseconds since 1970-01-01 UTC.</summary>
    public static AmfValue Date(double milliseconds) => new(AmfKind.Date, milliseconds);

    /// <summary>XML text of the older class.</summary>
    public static AmfValue XmlDocument(string value) => new(AmfKind.XmlDocument, 0, value);

    /// <summary>XML text of the newer class.</summary>
    public static AmfValue Xml(string value) => new(AmfKind.Xml, 0, value);

    /// <summary>Bytes.</summary>
    public static AmfValue ByteArray(ReadOnlySpan<byte> value) => new([.. value]);

    /// <summary>An object, perhaps of a class.</summary>
    public static AmfValue Object(ImmutableArray<AmfProperty> properties, string? className = null) =>
        new(AmfKind.Object, className, properties, []);

    /// <summary>An object from names and values.</summary>
    public static AmfValue Object(params ReadOnlySpan<(string Name, AmfValue Value)> properties)
    {
        ImmutableArray<AmfProperty>.Builder builder = ImmutableArray.CreateBuilder<AmfProperty>(properties.Length);
        foreach ((string name, AmfValue value) in properties)
        {
            builder.Add(new AmfProperty(name, value));
        }

        return Object(builder.MoveToImmutable());
    }

    /// <summary>An ECMA array; items only in AMF3.</summary>
    public static AmfValue EcmaArray(ImmutableArray<AmfProperty> properties, ImmutableArray<AmfValue> items = default) =>
        new(AmfKind.EcmaArray, null, properties, items.IsDefault ? [] : items);

    /// <summary>A strict array.</summary>
    public static AmfValue StrictArray(params ImmutableArray<AmfValue> items) => new(AmfKind.StrictArray, null, [], items);

    /// <summary>A vector: items of the kind that <paramref name="kind"/> says.</summary>
    /// <exception cref="ArgumentException">Not a vector's kind, or an item that does not fit.</exception>
    public static AmfValue Vector(AmfKind kind, ImmutableArray<AmfValue> items, bool isFixed = false, string? className = null)
    {
        bool fits = kind switch
        {
            AmfKind.Int32Vector => items.All(i => i.Kind == AmfKind.Number && i._number == (int)i._number),
            AmfKind.UInt32Vector => items.All(i => i.Kind == AmfKind.Number && i._number == (uint)i._number),
            AmfKind.DoubleVector => items.All(i => i.Kind == AmfKind.Number),
            AmfKind.ObjectVector => true,
            _ => throw new ArgumentException("Not a vector.", nameof(kind)),
        };
        return fits
            ? new AmfValue(kind, kind == AmfKind.ObjectVector ? className ?? "" : null, [], items, isFixed)
            : throw new ArgumentException("An item does not fit the vector.", nameof(items));
    }

    /// <summary>A dictionary: key, value, key, value.</summary>
    /// <exception cref="ArgumentException">A key without its value.</exception>
    public static AmfValue Dictionary(ImmutableArray<AmfValue> keysAndValues, bool weakKeys = false) => keysAndValues.Length % 2 == 0
        ? new AmfValue(AmfKind.Dictionary, null, [], keysAndValues, weakKeys)
        : throw new ArgumentException("A key without its value.", nameof(keysAndValues));

    /// <summary>The number of a number or integer; null for all else.</summary>
    public double? AsNumber() => Kind is AmfKind.Number or AmfKind.Integer ? _number : null;

    /// <summary>The text of a string; null for all else.</summary>
    public string? AsString() => Kind == AmfKind.String ? _text : null;

    /// <summary>The value of a boolean; null for all else.</summary>
    public bool? AsBoolean() => Kind == AmfKind.Boolean ? _number != 0 : null;

    /// <summary>The milliseconds of a date; null for all else.</summary>
    public double? AsDate() => Kind == AmfKind.Date ? _number : null;

    /// <summary>The text of XML of either class; null for all else.</summary>
    public string? AsXml() => Kind is AmfKind.Xml or AmfKind.XmlDocument ? _text : null;

    /// <summary>The bytes of a byte array; empty for all else.</summary>
    public ReadOnlySpan<byte> AsBytes() => _bytes.AsSpan();

    /// <inheritdoc/>
    public bool Equals(AmfValue? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        return other is not null && Kind == other.Kind && _number.Equals(other._number) && _text == other._text
            && _bytes.AsSpan().SequenceEqual(other._bytes.AsSpan())
            && Properties.AsSpan().SequenceEqual(other.Properties.AsSpan())
            && Items.AsSpan().SequenceEqual(other.Items.AsSpan());
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AmfValue);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, _number, _text, _bytes.Length, Properties.Length, Items.Length);

    /// <summary>The value for a log or a failed test; not for parsing.</summary>
    public override string ToString() => Kind switch
    {
        AmfKind.Boolean => _number != 0 ? "true" : "false",
        AmfKind.Number or AmfKind.Integer => _number.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        AmfKind.String or AmfKind.Xml or AmfKind.XmlDocument => $"\"{_text}\"",
        AmfKind.Date => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"date {_number}"),
        AmfKind.ByteArray => $"{_bytes.Length} bytes",
        AmfKind.Undefined or AmfKind.Null or AmfKind.Unsupported => Kind.ToString(),
        _ => $"{Kind} {_text}"
            + $"{{{string.Join(", ", Properties.Select(p => $"{p.Name}: {p.Value}").Concat(Items.Select(i => i.ToString())))}}}",
    };
}
