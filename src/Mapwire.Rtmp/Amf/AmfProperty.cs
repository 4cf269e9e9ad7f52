namespace Mapwire.Rtmp.Amf;

/// <summary>A named value in an object or ECMA array.</summary>
/// <param name="Name">The name, as sent.</param>
/// <param name="Value">The value.</param>
public readonly record struct AmfProperty(string Name, AmfValue Value);
