// PrivateCopy FILE: turns a file's letters to upper case in memory only: copy on write, so the file never changes.
using System.Text;
using Mapwire.Memory;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: PrivateCopy FILE");
    return 2;
}

using MappedFile file = MappedFile.Open(args[0]); // opened for reading: nothing below could reach the file
using MappedRegion original = file.Map();
using MappedRegion copy = file.Map(options: new MapOptions { Sharing = MapSharing.Private });

Span<byte> bytes = copy.AsSpan();
Ascii.ToUpperInPlace(bytes, out _);

Console.WriteLine($"copy: {Encoding.UTF8.GetString(bytes)}");
Console.WriteLine($"file: {Encoding.UTF8.GetString(original.AsReadOnlySpan())}");
return 0;
