// MmapWrite FILE: maps the first 0x100 bytes of a file, made or lengthened as needed, and writes a random integer as text.
using System.Buffers.Text;
using Mapwire.Memory;

if (args.Length != 1)
{
    Console.Error.WriteLine("usage: MmapWrite FILE");
    return 2;
}

const int size = 0x100;
int value = Random.Shared.Next(-100, 101);

using MappedFile file = MappedFile.Create(args[0], size);
using MappedRegion region = file.Map(0, size);

Span<byte> text = region.AsSpan();
Utf8Formatter.TryFormat(value, text, out int written);
text[written..].Clear(); // what a longer number left there
region.Flush();

Console.WriteLine($"wrote: {value}");
return 0;
