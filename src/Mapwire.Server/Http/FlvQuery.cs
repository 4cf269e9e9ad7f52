using System.Globalization;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Http;

/// <summary>
/// What the query of a request for FLV wishes for: what a <see cref="PlayQuery"/> has, and what RTMP players say in other ways.
/// </summary>
/// <param name="Name">The title, with the query that says what of it is played.</param>
/// <param name="Buffer"><c>buffer=SECONDS</c>: the media that the player buffers, in milliseconds; null for the server's default.</param>
/// <param name="IsEnhanced"><c>enhanced=1</c>: whether the player knows the tags of Enhanced RTMP.</param>
internal readonly record struct FlvQuery(PlayName Name, uint? Buffer, bool IsEnhanced)
{
    /// <summary>Reads a query; words that are not known are passed over.</summary>
    /// <param name="title">The title's path below the served folder.</param>
    /// <param name="parameters">The query.</param>
    /// <exception cref="TitleException">A word that is known has a value that is not.</exception>
    public static FlvQuery Parse(string title, QueryParameters parameters) => new(
        PlayName.Exactly(title) with { Query = WebQuery.WishesOf(parameters) },
        BufferOf(parameters.GetValue("buffer")),
        parameters.GetValue("enhanced") switch
        {
            null or "0" => false,
            "1" => true,
            _ => throw new TitleException(TitleError.NotPlayable, "?enhanced= takes 1 or 0"),
        });

    /// <summary>What the player can be sent.</summary>
    /// <param name="legacyHevc">Whether players that offer no codecs are sent HEVC with the number 12.</param>
    public PlayerAbilities Abilities(bool legacyHevc) =>
        IsEnhanced ? PlayerCodecs.All : legacyHevc ? PlayerAbilities.UnofficialNumbers : PlayerAbilities.None;

    private static uint? BufferOf(string? text) =>
        text is null ? null
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
        && PlaylistFile.ToMilliseconds(seconds) is { } time
        ? (uint)Math.Min(time, uint.MaxValue)
        : throw new TitleException(TitleError.NotPlayable, "?buffer= takes seconds such as 2.5");
}
