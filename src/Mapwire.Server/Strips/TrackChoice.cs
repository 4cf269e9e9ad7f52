using System.Globalization;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Strips;

/// <summary>What of a file is to be played. The default is what players of plain RTMP get who wish for nothing.</summary>
/// <param name="Abilities">What the player can be sent.</param>
/// <param name="Video">The track among those of its kind, from 1; 0 for the file's default, <see cref="PlayQuery.NoTrack"/> for none.
/// </param>
/// <param name="Audio">The track among those of its kind, from 1; 0 for the file's default, <see cref="PlayQuery.NoTrack"/> for none.
/// </param>
/// <param name="Language">The language of the sound where the file has it, as <see cref="LanguageTag.Normalize"/> writes it; null when any
/// will do.</param>
internal readonly record struct TrackChoice(PlayerAbilities Abilities, int Video = 0, int Audio = 0, string? Language = null)
{
    /// <summary>The choice that a query wishes for.</summary>
    public static TrackChoice Of(PlayQuery query, PlayerAbilities abilities) => new(abilities, query.Video, query.Audio, query.Language);

    /// <summary>The choice in characters that a file's name can have; empty for the default.</summary>
    public string Key => this == default
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"-{(int)Abilities:x}.{Video}.{Audio}.{Language}");
}
