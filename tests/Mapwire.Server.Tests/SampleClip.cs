using System.Text;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Tests;

/// <summary>The clip of the repository: 24 s, H.264 with B-frames and AAC, an edit list.</summary>
internal static class SampleClip
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "sample.mp4");

    public static Title Open() => Title.Open(Path, "sample.mp4");

    /// <summary>The clip with its sound twice: as English, and as a second track, German.</summary>
    /// <param name="isCommentary">Whether the second is English, too.</param>
    public static byte[] WithTwoSounds(bool isCommentary = false)
    {
        const short English = (5 << 10) | (14 << 5) | 7, German = (4 << 10) | (5 << 5) | 21;
        byte[] clip = File.ReadAllBytes(Path);
        EditableBox moov = EditableBox.Parse(clip).Single(static box => box.Type == "moov");
        EditableBox sound = moov["trak#1"];
        EditableBox second = EditableBox.Parse(sound.Write()).Single();
        second["tkhd"].Body[15] = 9; // the track's id
        SetLanguage(sound, English);
        SetLanguage(second, isCommentary ? English : German);
        moov.Children!.Insert(moov.Children.IndexOf(sound) + 1, second);
        Encoding.ASCII.GetBytes("free").CopyTo(clip, clip.AsSpan().IndexOf("moov"u8)); // samples stay where they are
        return [.. clip, .. moov.Write()];
    }

    private static void SetLanguage(EditableBox track, short language) =>
        EditableBox.Bytes(language).CopyTo(track["mdia/mdhd"].Body, 20);
}
