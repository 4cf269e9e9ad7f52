namespace Mapwire.Rtmp.Amf;

/// <summary>What an <see cref="AmfValue"/> is.</summary>
public enum AmfKind
{
    /// <summary>undefined.</summary>
    Undefined,

    /// <summary>null.</summary>
    Null,

    /// <summary>The value that AMF0 writes for what it cannot write.</summary>
    Unsupported,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>An AMF3 integer of 29 bits; AMF0 writes it as a number.</summary>
    Integer,

    /// <summary>A double.</summary>
    Number,

    /// <summary>Text.</summary>
    String,

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    Date,

    /// <summary>Text of an XMLDocument (AMF0's only XML).</summary>
    XmlDocument,

    /// <summary>Text of an E4X XML object (AMF3).</summary>
    Xml,

    /// <summary>Named properties, perhaps of a class.</summary>
    Object,

    /// <summary>An array with named properties; in AMF3 perhaps with items too.</summary>
    EcmaArray,

    /// <summary>An array of items only.</summary>
    StrictArray,

    /// <summary>Bytes (AMF3).</summary>
    ByteArray,

    /// <summary>A vector of 32-bit integers (AMF3).</summary>
    Int32Vector,

    /// <summary>A vector of unsigned 32-bit integers (AMF3).</summary>
    UInt32Vector,

    /// <summary>A vector of doubles (AMF3).</summary>
    DoubleVector,

    /// <summary>A vector of objects of a class (AMF3).</summary>
    ObjectVector,

    /// <summary>Keys and values of any kind (AMF3): the items are key, value, key, value.</summary>
    Dictionary,
}
