namespace Mapwire.Memory.Sharing;

/// <summary>Why a segment, or an object in one, was refused.</summary>
public enum SharedMemoryError
{
    /// <summary>The file is shorter than a segment's header, or does not begin like one.</summary>
    NotASegment,

    /// <summary>The header is of another version of this library.</summary>
    OtherVersion,

    /// <summary>A field of the header is damaged.</summary>
    Damaged,

    /// <summary>The sizes in the header do not fit the file.</summary>
    WrongSize,

    /// <summary>The segment has another layout id or version than asked for.</summary>
    OtherLayout,

    /// <summary>There is no object of this kind at this place, or its parameters make no sense.</summary>
    NoSuchObject,
}
