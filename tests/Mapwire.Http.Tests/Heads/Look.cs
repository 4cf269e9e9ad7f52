using System.Text;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Tests.Heads;

/// <summary>What came of a head, as values that can be compared.</summary>
/// <param name="Status">What the look found.</param>
/// <param name="Reason">Why it is foreign.</param>
/// <param name="Text">A simple head written out: its method, target, length, what it says of the connection, and its fields.</param>
internal sealed record Look(HeadStatus Status, ForeignReason Reason, string Text)
{
    /// <summary>Looks at all bytes at once.</summary>
    public static Look At(ReadOnlySpan<byte> received)
    {
        RequestHeadReader reader = new();
        HeadStatus status = reader.Read(received, out RequestHead head);
        return new Look(status, reader.Reason, Describe(status, head));
    }

    public static Look At(string received) => At(Encoding.Latin1.GetBytes(received));

    /// <summary>Looks each time some bytes came, until it is decided.</summary>
    /// <param name="received">All bytes.</param>
    /// <param name="next">How many come next.</param>
    public static Look InPieces(ReadOnlySpan<byte> received, Func<int> next)
    {
        RequestHeadReader reader = new();
        HeadStatus status = HeadStatus.Incomplete;
        string text = "";
        for (int count = 0; status == HeadStatus.Incomplete && count < received.Length;)
        {
            count = Math.Min(received.Length, count + next());
            status = reader.Read(received[..count], out RequestHead head);
            text = Describe(status, head);
        }

        return new Look(status, reader.Reason, text);
    }

    private static string Describe(HeadStatus status, in RequestHead head)
    {
        if (status != HeadStatus.Simple)
        {
            return "";
        }

        StringBuilder text = new();
        text.Append($"{head.Method} {Encoding.ASCII.GetString(head.Target)} {head.Length} keep-alive={head.IsKeepAlive} ");
        text.Append($"websocket={head.IsWebSocketUpgrade} host={Encoding.ASCII.GetString(head.Host)}");
        foreach (FieldLines field in head.Fields)
        {
            text.Append($"\n{Encoding.ASCII.GetString(field.Name)}={Encoding.ASCII.GetString(field.Value)}");
        }

        return text.ToString();
    }
}
