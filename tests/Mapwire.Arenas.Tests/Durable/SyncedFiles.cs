using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Durable;

/// <summary>The worst that a loss of power can leave: of each file what was synced, and nothing that was written since.</summary>
internal sealed class SyncedFiles
{
    private readonly Dictionary<string, (byte[] Synced, byte[] Now)> _files = [];
    private readonly Action<DurableStep> _then;

    /// <param name="then">Told of each step as well, or null.</param>
    public SyncedFiles(Action<DurableStep>? then = null)
    {
        _then = then ?? (_ => { });
        Settings = new DurabilitySettings { LogLength = 1 << 16, Recorder = Record };
    }

    public DurabilitySettings Settings { get; }

    /// <summary>Writes an arena and its log as they are on the device.</summary>
    /// <returns>Where the arena is.</returns>
    public string WriteTo(string arena, string path)
    {
        File.WriteAllBytes(path, _files[arena].Synced);
        File.Delete(CommitLog.PathOf(path));
        if (_files.TryGetValue(CommitLog.PathOf(arena), out (byte[] Synced, byte[] Now) log))
        {
            File.WriteAllBytes(CommitLog.PathOf(path), log.Synced);
        }

        return path;
    }

    private void Record(DurableStep step)
    {
        (byte[] Synced, byte[] Now) file = _files.GetValueOrDefault(step.Path, ([], []));
        switch (step.Offset)
        {
            case DurableStep.Sync:
                file.Synced = [.. file.Now];
                break;
            case DurableStep.Length:
                Array.Resize(ref file.Now, (int)BitConverter.ToInt64(step.Bytes));
                break;
            case DurableStep.Removal:
                _files.Remove(step.Path);
                return;
            case >= 0:
                Array.Resize(ref file.Now, Math.Max(file.Now.Length, (int)step.Offset + step.Bytes.Length));
                step.Bytes.CopyTo(file.Now, step.Offset);
                break;
        }

        _files[step.Path] = file;
        _then(step);
    }
}
