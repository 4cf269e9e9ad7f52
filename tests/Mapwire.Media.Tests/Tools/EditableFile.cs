namespace Mapwire.Media.Tests.Tools;

/// <summary>A file whose moov is its last box, so that the moov can be changed without moving a sample.</summary>
internal sealed class EditableFile
{
    private readonly byte[] _front;

    private EditableFile(byte[] front, EditableBox movie) => (_front, Movie) = (front, movie);

    public EditableBox Movie { get; }

    public static EditableFile Open(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        Media.Mp4.BoxHeader moov = Mp4Files.FindTop(file, "moov");
        if (moov.End != file.Length)
        {
            throw new InvalidOperationException($"{path} has its moov in front.");
        }

        return new EditableFile(file[..(int)moov.Offset], EditableBox.Parse(file.AsSpan((int)moov.Offset))[0]);
    }

    public byte[] ToBytes() => [.. _front, .. Movie.Write()];

    public string Save(string extension = ".mp4")
    {
        string path = Ffmpeg.NewPath(extension);
        File.WriteAllBytes(path, ToBytes());
        return path;
    }
}
