using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>The object of onStatus and of answers to connect (RTMP 1.0, section 7.2.2): level, code, description and more.</summary>
/// <param name="Level">status, warning or error; see <see cref="StatusCodes"/>.</param>
/// <param name="Code">Such as NetStream.Play.Start.</param>
/// <param name="Description">One sentence for people.</param>
/// <param name="Details">details: usually the stream's name; null leaves it out.</param>
public readonly record struct StatusInfo(string Level, string Code, string Description, string? Details = null)
{
    /// <summary>Reads the object; what is missing or not a string is empty.</summary>
    public static StatusInfo Parse(AmfValue value) => new(
        value["level"]?.AsString() ?? "",
        value["code"]?.AsString() ?? "",
        value["description"]?.AsString() ?? "",
        value["details"]?.AsString());

    /// <summary>Writes the object's properties; <see cref="Amf0Writer.WriteObject"/> and WriteEnd are the caller's.</summary>
    public void WriteProperties(ref Amf0Writer writer)
    {
        writer.WriteProperty("level", Level);
        writer.WriteProperty("code", Code);
        writer.WriteProperty("description", Description);
        if (Details is not null)
        {
            writer.WriteProperty("details", Details);
        }
    }
}
