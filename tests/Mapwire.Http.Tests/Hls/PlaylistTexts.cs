using System.Buffers;
using System.Text;
using Mapwire.Http.Hls;
using Mapwire.PlaylistRules;

namespace Mapwire.Http.Tests.Hls;

/// <summary>Playlists as text, each checked by the rules of RFC 8216.</summary>
internal static class PlaylistTexts
{
    public static string Write(MasterPlaylist playlist) => Checked(playlist.WriteTo);

    public static string Write(MediaPlaylist playlist) => Checked(playlist.WriteTo);

    public static IReadOnlyList<Violation> Validate(string text) => PlaylistValidator.Validate(Encoding.UTF8.GetBytes(text));

    private static string Checked(Action<IBufferWriter<byte>> write)
    {
        StingyWriter output = new();
        write(output);
        Assert.Empty(PlaylistValidator.Validate(output.Written));
        return Encoding.UTF8.GetString(output.Written);
    }
}
