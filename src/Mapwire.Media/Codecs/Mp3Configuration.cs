namespace Mapwire.Media.Codecs;

/// <summary>MP3 has no configuration record; this is what the container says about the sound.</summary>
public sealed class Mp3Configuration : CodecConfiguration
{
    /// <summary>Describes an MP3 track.</summary>
    /// <param name="sampleRate">In Hz; 0 when not known.</param>
    /// <param name="channels">1 or 2; 0 when not known.</param>
    public Mp3Configuration(int sampleRate, int channels)
        : base([])
    {
        SampleRate = sampleRate;
        Channels = channels;
    }

    /// <summary>Sound samples a second, in Hz; 0 when not known.</summary>
    public int SampleRate { get; }

    /// <summary>Channels; 0 when not known.</summary>
    public int Channels { get; }

    /// <inheritdoc/>
    public override bool HasPlainHeader => true;

    /// <inheritdoc/>
    public override FourCc FourCc => new(".mp3");

    /// <inheritdoc/>
    public override string Name => "MP3";

    /// <inheritdoc/>
    public override string Rfc6381 => "mp4a.6B";
}
