using System.Globalization;
using System.Text;
using Mapwire.Media;
using Mapwire.Media.Codecs;

namespace Mapwire.Server.Strips;

/// <summary>
/// What makes the strip of one viewer differ from another's of the same file: the tracks that result from their wishes and abilities, and
/// how each is headed. Wishes that come to the same are one strip, so a client cannot make strips by wishing.
/// </summary>
/// <param name="Tracks">Ids of tracks in the order of their lanes, each with a letter for its kind of header.</param>
internal readonly record struct StripKey(string Tracks)
{
    /// <summary>The key of a choice.</summary>
    /// <param name="chosen">The tracks that result.</param>
    /// <param name="abilities">The viewer's, which say how tracks are headed.</param>
    public static StripKey Of(ChosenTracks chosen, PlayerAbilities abilities)
    {
        StringBuilder key = new();
        Append(key, 'v', chosen.Video, 0, abilities);
        for (int number = 0; number < chosen.Audio.Count; number++)
        {
            Append(key, 'a', chosen.Audio[number], number, abilities);
        }

        return new StripKey(key.ToString());
    }

    private static void Append(StringBuilder key, char kind, Track? track, int number, PlayerAbilities abilities)
    {
        if (track?.Codec is not { } codec)
        {
            return;
        }

        key.Append(CultureInfo.InvariantCulture, $"{kind}{track.Id}");
        if (number > 0 || TitleLane.GoesExtended(codec, abilities))
        {
            key.Append(abilities.Has(PlayerAbilities.Nanoseconds) ? 'n' : 'x');
        }
    }
}
