using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Mapwire.Load;

/// <summary>Where a player goes: <c>rtmp://host[:port]/application/name</c>.</summary>
/// <param name="Host">A name or an address; of IPv6 without brackets.</param>
/// <param name="Port">Default 1935, the port that RTMP is registered with.</param>
/// <param name="Application">The first segment of the path.</param>
/// <param name="Name">
/// The rest of the path with its query, as the play command sends it. <c>{0..199}</c> in it stands for 200 numbers: the players share them
/// out among themselves, see <see cref="ForPlayer"/>.
/// </param>
public sealed record RtmpUrl(string Host, int Port, string Application, string Name) : LoadUrl(Host, Port)
{
    private const int DefaultPort = 1935;
    private const string PlayerNumber = "%d";

    /// <summary>What the connect command names: the URL without the stream's name.</summary>
    public string ConnectUrl => Host.Contains(':') ? $"rtmp://[{Host}]:{Port}/{Application}" : $"rtmp://{Host}:{Port}/{Application}";

    /// <summary>Reads a URL; false when it is not <c>rtmp</c>, or lacks the application or the name.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out RtmpUrl? url)
    {
        url = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme != "rtmp" || uri.Host.Length == 0)
        {
            return false;
        }

        // The name goes to the server as it was written: a server may count on escapes, or on none.
        int pathStart = text.IndexOf('/', "rtmp://".Length);
        string[] parts = pathStart < 0 ? [] : text[(pathStart + 1)..].Split('/', 2);
        if (parts is not [{ Length: > 0 } application, { Length: > 0 } name])
        {
            return false;
        }

        url = new RtmpUrl(uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : DefaultPort, application, name);
        return true;
    }

    /// <summary>What one of many players plays: each range of numbers in the name becomes the one whose turn it is.</summary>
    /// <param name="player">Which player, from 0.</param>
    public RtmpUrl ForPlayer(int player) => this with { Name = PickNumbers(Name, player) };

    /// <summary>Whether the name has a place for the number of who publishes.</summary>
    public bool HasPlayerNumber => Name.Contains(PlayerNumber, StringComparison.Ordinal);

    /// <summary>The URL without what stands behind the name, such as a key.</summary>
    public RtmpUrl WithoutQuery => Name.IndexOf('?', StringComparison.Ordinal) is > 0 and int end ? this with { Name = Name[..end] } : this;

    /// <summary>What one of many publishers publishes: <c>%d</c> in the name becomes its number.</summary>
    /// <param name="player">Which publisher, from 0.</param>
    public RtmpUrl ForPublisher(int player) => this with
    {
        Name = Name.Replace(PlayerNumber, player.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
    };

    /// <inheritdoc/>
    public override string ToString() => $"{ConnectUrl}/{Name}";
}
