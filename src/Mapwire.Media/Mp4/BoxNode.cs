namespace Mapwire.Media.Mp4;

/// <summary>One box of a listing.</summary>
/// <param name="Type">Its type; zero where not even that could be read.</param>
/// <param name="Offset">Of its header in the file.</param>
/// <param name="HeaderLength">In bytes; 0 when <paramref name="Fault"/> says why.</param>
/// <param name="Length">In bytes, header included; what is left of the parent when <paramref name="Fault"/> says why.</param>
/// <param name="Depth">0 for the outermost boxes.</param>
/// <param name="Fault">What is wrong with the header, so that nothing after it in its parent could be read; else null.</param>
public readonly record struct BoxNode(FourCc Type, long Offset, int HeaderLength, long Length, int Depth, string? Fault);
