namespace Mapwire.Rtmp.Amf;

/// <summary>The shape of an AMF3 object (AMF3, section 3.12).</summary>
internal sealed record Amf3Traits(string ClassName, bool IsDynamic, bool IsExternalizable, List<string> Members);
