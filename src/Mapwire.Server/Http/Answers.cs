using System.Buffers;
using System.Text.Json;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;

namespace Mapwire.Server.Http;

/// <summary>Writes the heads of answers, and the bodies of those that are no media.</summary>
internal static class Answers
{
    private static ReadOnlySpan<byte> Methods => "GET, HEAD, OPTIONS"u8;

    /// <summary>What may be asked of everything here, by pages of every origin (CORS preflight).</summary>
    public static void WriteOptions(IBufferWriter<byte> output, bool staysOpen)
    {
        ResponseHeadWriter head = Begin(output, 204, staysOpen);
        head.Write("Allow"u8, Methods);
        head.Write("Access-Control-Allow-Methods"u8, Methods);
        head.Write("Access-Control-Allow-Headers"u8, "Range, If-Match, If-None-Match, If-Modified-Since, If-Range"u8);
        head.Write("Access-Control-Max-Age"u8, 86_400);
        head.End();
    }

    /// <summary>A refusal with its reason as JSON.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="refusal">The reason.</param>
    /// <param name="hasBody">False for HEAD.</param>
    /// <param name="staysOpen">Whether the connection stays.</param>
    public static void WriteRefusal(IBufferWriter<byte> output, Refusal refusal, bool hasBody, bool staysOpen)
    {
        byte[] body = Explain(refusal);
        ResponseHeadWriter head = Begin(output, refusal.Status, staysOpen);
        WriteRefusalFields(head, body);
        if (refusal.Location is { } location)
        {
            head.Write("Location"u8, location);
        }

        if (refusal.Status == 405)
        {
            head.Write("Allow"u8, Methods);
        }

        if (refusal.Status == 426)
        {
            head.Write("Upgrade"u8, "websocket"u8);
            head.Write("Sec-WebSocket-Version"u8, "13"u8);
        }

        if (refusal.Status == 503)
        {
            head.Write("Retry-After"u8, 5);
        }

        head.End();
        output.Write(hasBody ? body : []);
    }

    /// <summary>The head of what was asked for, or of what the conditions and the range make of it.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="plan">How it is answered.</param>
    /// <param name="representation">What was asked for.</param>
    /// <param name="cacheControl">How long others may keep it.</param>
    /// <param name="hasBody">False for HEAD.</param>
    /// <param name="staysOpen">Whether the connection stays.</param>
    /// <param name="coding">What the representation is compressed by; null for nothing.</param>
    /// <param name="isNegotiated">Whether who accepts other codings gets another representation.</param>
    /// <param name="policy">What a browser may do with a page; null for what is none.</param>
    public static void WriteMedia(IBufferWriter<byte> output, BodyPlan plan, Representation representation, string cacheControl,
        bool hasBody, bool staysOpen, string? coding = null, bool isNegotiated = false, string? policy = null)
    {
        ResponseHeadWriter head = Begin(output, plan.Status, staysOpen);
        byte[] body = [];
        if (isNegotiated)
        {
            head.Write("Vary"u8, "Accept-Encoding"u8);
        }

        if (plan.ContentRange is { } range)
        {
            head.Write("Content-Range"u8, range);
        }

        if (plan.Status is 412 or 416)
        {
            body = Explain(new Refusal(plan.Status, plan.Status == 412
                ? "a condition of the request is false"
                : $"no such range: there are {plan.TotalLength} bytes"));
            WriteRefusalFields(head, body);
        }
        else
        {
            head.Write("Cache-Control"u8, cacheControl);
            if (policy is not null)
            {
                head.Write("Content-Security-Policy"u8, policy);
                head.Write("Referrer-Policy"u8, "no-referrer"u8);
            }

            if (plan.Status != 304)
            {
                head.Write("Content-Type"u8, plan.ContentType);
                head.Write("Content-Length"u8, plan.ContentLength);
                head.Write("Accept-Ranges"u8, "bytes"u8);
                if (coding is not null)
                {
                    head.Write("Content-Encoding"u8, coding);
                }
            }

            if (representation.Tag is { } tag)
            {
                head.Write("ETag"u8, tag.ToString());
            }

            if (representation.LastModified is { } modified)
            {
                head.Write("Last-Modified"u8, modified);
            }
        }

        head.End();
        output.Write(hasBody ? body : []);
    }

    /// <summary>The head of a stream of which nobody knows the length: it ends with the connection.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="contentType">The media type.</param>
    /// <param name="isChunked">Whether the body is in chunks, whose last one tells its end from a cut.</param>
    public static void WriteEndless(IBufferWriter<byte> output, string contentType, bool isChunked)
    {
        ResponseHeadWriter head = Begin(output, 200, staysOpen: false);
        if (isChunked)
        {
            head.Write("Transfer-Encoding"u8, "chunked"u8);
        }

        head.Write("Content-Type"u8, contentType);
        head.Write("Cache-Control"u8, "no-store"u8);
        head.End();
    }

    /// <summary>The end of a handshake: what follows are WebSocket frames.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="accept">The proof that the request was understood.</param>
    public static void WriteUpgrade(IBufferWriter<byte> output, string accept)
    {
        ResponseHeadWriter head = new(output, 101);
        head.Write("Upgrade"u8, "websocket"u8);
        head.Write("Connection"u8, "Upgrade"u8);
        head.Write("Sec-WebSocket-Accept"u8, accept);
        head.End();
    }

    private static ResponseHeadWriter Begin(IBufferWriter<byte> output, int status, bool staysOpen)
    {
        ResponseHeadWriter head = new(output, status);
        head.Write("Date"u8, DateTimeOffset.UtcNow);
        if (!staysOpen)
        {
            head.Write("Connection"u8, "close"u8);
        }

        head.Write("Access-Control-Allow-Origin"u8, "*"u8);
        head.Write("Access-Control-Expose-Headers"u8, "Accept-Ranges, Content-Length, Content-Range, Date, ETag"u8);
        head.Write("X-Content-Type-Options"u8, "nosniff"u8);
        return head;
    }

    private static void WriteRefusalFields(ResponseHeadWriter head, byte[] body)
    {
        head.Write("Content-Type"u8, "application/json"u8);
        head.Write("Content-Length"u8, body.Length);
        head.Write("Cache-Control"u8, "no-store"u8);
    }

    private static byte[] Explain(Refusal refusal)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteNumber("status", refusal.Status);
            json.WriteString("error", refusal.Reason);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
