using System.IO.MemoryMappedFiles;
using System.Text;

namespace Mapwire.Fuzzing;

/// <summary>
/// The case that is running, in a mapped file: a process that dies of it (an overflown stack, no memory left) leaves it behind. A case that
/// does not end is noticed from outside, written down, and ends the process.
/// </summary>
/// <remarks>The file: length(32, little endian) | the kind and a line feed | the bytes; the length is of the last two.</remarks>
internal sealed class CaseInFlight : IDisposable
{
    private const int MostBytes = 1 << 20;

    /// <summary>Hundred times what a case may take: not a busy machine, then.</summary>
    private static readonly TimeSpan Hung = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Timer _watch;
    private FuzzCase _case;
    private long _started = long.MaxValue;

    public CaseInFlight(string name)
    {
        _name = name;
        _path = Path.Combine(Path.GetTempPath(), $"mapwire-fuzz-{name}-running-{Environment.ProcessId}.bin");
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Create, null, MostBytes);
        _view = _file.CreateViewAccessor();
        _watch = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>A case begins.</summary>
    public void Set(FuzzCase given)
    {
        byte[] head = Encoding.ASCII.GetBytes(given.Kind + "\n");
        int length = Math.Min(given.Bytes.Length, MostBytes - 4 - head.Length);
        _view.Write(0, head.Length + length);
        _view.WriteArray(4, head, 0, head.Length);
        _view.WriteArray(4 + head.Length, given.Bytes, 0, length);
        _case = given;
        Volatile.Write(ref _started, Environment.TickCount64);
    }

    /// <summary>The case has ended.</summary>
    public void Clear() => Volatile.Write(ref _started, long.MaxValue);

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    private void Look()
    {
        if (Environment.TickCount64 - Volatile.Read(ref _started) < Hung.TotalMilliseconds)
        {
            return;
        }

        string path = Finds.Write(_name, _case);
        Environment.FailFast($"Fuzzing {_name}: {path} has not ended after {Hung.TotalSeconds} s.");
    }
}
