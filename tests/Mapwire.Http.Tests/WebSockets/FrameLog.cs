using System.Text;
using Mapwire.Http.WebSockets;

namespace Mapwire.Http.Tests.WebSockets;

/// <summary>What a reader makes of bytes, as text that can be compared.</summary>
internal static class FrameLog
{
    /// <summary>Reads all bytes.</summary>
    /// <param name="bytes">What arrives.</param>
    /// <param name="next">How many bytes come next; null for all.</param>
    /// <param name="maxMessageLength">The reader's limit.</param>
    public static string Read(ReadOnlySpan<byte> bytes, Func<int>? next = null, int maxMessageLength = 1000)
    {
        WebSocketReader reader = new(maxMessageLength);
        StringBuilder log = new();
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = Math.Min(bytes.Length, next?.Invoke() ?? bytes.Length);
                byte[] piece = bytes[..count].ToArray();
                bytes = bytes[count..];
                ReadOnlySpan<byte> rest = piece;
                while (reader.TryRead(ref rest, out WebSocketMessage message))
                {
                    log.Append($"{message.Opcode} {Convert.ToHexString(message.Payload)}");
                    bool isClose = message.Opcode == WebSocketOpcode.Close;
                    log.Append(isClose ? $" {(int)message.CloseCode} {OneLine(message.CloseReason)}\n" : "\n");
                }

                Assert.True(rest.IsEmpty, "bytes are left where more are wanted");
                Assert.InRange(reader.BufferedBytes, 0, maxMessageLength + WebSocketReader.MaxControlLength);
                piece.AsSpan().Fill(0xDB); // nothing points into it any more
            }
        }
        catch (WebSocketProtocolException exception)
        {
            log.Append($"! {(int)exception.CloseCode} at {exception.Offset}");
        }

        log.Append(reader.IsClosed ? "closed" : "");
        return log.ToString();
    }

    /// <summary>A reason is the client's own text: it must not look like a line of this log.</summary>
    private static string OneLine(string reason) => reason.Replace('\n', ' ').Replace('!', ' ');
}
