using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Mapwire.Server.Web;

/// <summary>The head of an answer as the loop writes it, read again: what it wrote is well formed.</summary>
internal sealed class AnswerHead
{
    private AnswerHead(int status, string reason, List<(string Name, string Value)> fields) =>
        (Status, Reason, Fields) = (status, reason, fields);

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>The reason phrase.</summary>
    public string Reason { get; }

    /// <summary>All fields in their order.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; }

    /// <summary>The length of the body; null where it is not said.</summary>
    public long? ContentLength => Fields.FirstOrDefault(static one => one.Name == "Content-Length") is { Value: { } value }
        ? long.Parse(value, CultureInfo.InvariantCulture)
        : null;

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">What was written so far.</param>
    /// <param name="length">Its bytes with the empty line; 0 where it is not whole.</param>
    /// <returns>The head; null where it is not whole.</returns>
    public static AnswerHead? TryRead(ReadOnlySpan<byte> bytes, out int length)
    {
        // status-line CRLF *( field-line CRLF ) CRLF (RFC 9112, section 2.1)
        int end = bytes.IndexOf("\r\n\r\n"u8);
        length = end < 0 ? 0 : end + 4;
        if (end < 0)
        {
            return null;
        }

        string[] lines = Encoding.ASCII.GetString(bytes[..end]).Split("\r\n");
        string[] words = lines[0].Split(' ', 3);
        List<(string, string)> fields = [];
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            fields.Add((line[..colon], line[(colon + 1)..].Trim()));
        }

        return new AnswerHead(int.Parse(words[1], CultureInfo.InvariantCulture), words[2], fields);
    }

    /// <summary>Makes it the head of Kestrel's answer.</summary>
    /// <param name="features">The request's.</param>
    public void CopyTo(IFeatureCollection features)
    {
        bool isHttp1 = features.GetRequiredFeature<IHttpRequestFeature>().Protocol.StartsWith("HTTP/1", StringComparison.Ordinal);
        IHttpResponseFeature response = features.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = Status;
        response.ReasonPhrase = Reason;
        foreach ((string name, string value) in Fields)
        {
            if (isHttp1 || name is not ("Connection" or "Upgrade")) // RFC 9113, section 8.2.2
            {
                response.Headers[name] = value;
            }
        }
    }
}
