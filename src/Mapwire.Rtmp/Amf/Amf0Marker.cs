namespace Mapwire.Rtmp.Amf;

/// <summary>Type markers of AMF0 (section 2.1).</summary>
public enum Amf0Marker : byte
{
    /// <summary>A double.</summary>
    Number = 0x00,

    /// <summary>A byte.</summary>
    Boolean = 0x01,

    /// <summary>UTF-8 of up to 65535 bytes.</summary>
    String = 0x02,

    /// <summary>Properties to an end marker.</summary>
    Object = 0x03,

    /// <summary>Reserved.</summary>
    MovieClip = 0x04,

    /// <summary>null.</summary>
    Null = 0x05,

    /// <summary>undefined.</summary>
    Undefined = 0x06,

    /// <summary>A reference to an object before.</summary>
    Reference = 0x07,

    /// <summary>A count that means little, then properties to an end marker.</summary>
    EcmaArray = 0x08,

    /// <summary>The end of properties, after an empty name.</summary>
    ObjectEnd = 0x09,

    /// <summary>A count, then items.</summary>
    StrictArray = 0x0A,

    /// <summary>Milliseconds, then a time zone that is not used.</summary>
    Date = 0x0B,

    /// <summary>UTF-8 of more than 65535 bytes.</summary>
    LongString = 0x0C,

    /// <summary>Nothing.</summary>
    Unsupported = 0x0D,

    /// <summary>Reserved.</summary>
    RecordSet = 0x0E,

    /// <summary>XML text.</summary>
    XmlDocument = 0x0F,

    /// <summary>A class name, then properties to an end marker.</summary>
    TypedObject = 0x10,

    /// <summary>An AMF3 value.</summary>
    AvmPlus = 0x11,
}
