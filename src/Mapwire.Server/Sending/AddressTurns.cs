using System.Net;

namespace Mapwire.Server.Sending;

/// <summary>
/// Lets each address do only so many different things at once; what else it asks for waits until one of them is over. So whoever asks for
/// much waits for itself, and many who ask for the same, such as one file that hangs, take one turn together. An IPv6 host is its network
/// of 64 bits. Any thread may call it.
/// </summary>
/// <param name="max">At once; 0 for no limit.</param>
internal sealed class AddressTurns(int max)
{
    private readonly Dictionary<IPAddress, Use> _uses = [];
    private readonly Lock _gate = new();

    /// <summary>Waits for a turn.</summary>
    /// <param name="address">Null counts for none.</param>
    /// <param name="key">What the turn is for: those of one key are one turn.</param>
    /// <param name="cancellation">Ends the wait: what waits for a client that is gone would be held for as long as others take.</param>
    /// <returns>Over when the turn has come; <see cref="Leave"/> ends it.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended; there is no turn to leave.</exception>
    public Task EnterAsync(IPAddress? address, string key, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellation);
        }

        if (max == 0 || address is null)
        {
            return Task.CompletedTask;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            if (!_uses.TryGetValue(host, out Use? use))
            {
                _uses.Add(host, use = new Use());
            }

            if (use.TryBegin(key, max))
            {
                return Task.CompletedTask;
            }

            return WaitAsync(use, use.Waiting.AddLast(new Waiter(key)), cancellation);
        }
    }

    /// <summary>Begins a turn where none has to be waited for.</summary>
    /// <param name="address">Null counts for none.</param>
    /// <param name="key">What the turn is for: those of one key are one turn.</param>
    /// <returns>False where the address has as many as it may; else <see cref="Leave"/> ends it.</returns>
    public bool TryEnter(IPAddress? address, string key)
    {
        if (max == 0 || address is null)
        {
            return true;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            if (!_uses.TryGetValue(host, out Use? use))
            {
                _uses.Add(host, use = new Use());
            }

            return use.TryBegin(key, max);
        }
    }

    /// <summary>A turn is over: the next of the address begins.</summary>
    public void Leave(IPAddress? address, string key)
    {
        if (max == 0 || address is null)
        {
            return;
        }

        IPAddress host = AddressLimits.HostOf(address);
        lock (_gate)
        {
            Use use = _uses[host];
            use.End(key);
            use.BeginNext(max);
            if (use.IsEmpty)
            {
                _uses.Remove(host);
            }
        }
    }

    private async Task WaitAsync(Use use, LinkedListNode<Waiter> waiting, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(_ => Cancel(use, waiting, cancellation), null);
        await waiting.Value.Turn.Task.ConfigureAwait(false);
    }

    /// <summary>Ends a wait, unless the turn has come before.</summary>
    private void Cancel(Use use, LinkedListNode<Waiter> waiting, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (waiting.List is null)
            {
                return;
            }

            use.Waiting.Remove(waiting);
            waiting.Value.Turn.SetCanceled(cancellation);
            use.BeginNext(max); // it may have been before one that shares a turn which has begun
        }
    }

    /// <summary>Who waits for a turn of an address.</summary>
    private sealed record Waiter(string Key)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Use
    {
        private readonly Dictionary<string, int> _turns = new(StringComparer.Ordinal); // how many share each

        public LinkedList<Waiter> Waiting { get; } = new();

        public bool IsEmpty => _turns.Count == 0;

        public bool TryBegin(string key, int max)
        {
            bool isShared = _turns.TryGetValue(key, out int count);
            if (!isShared && _turns.Count >= max)
            {
                return false;
            }

            _turns[key] = count + 1;
            return true;
        }

        /// <summary>Begins the turns of those who wait, in their order, as far as there is room.</summary>
        public void BeginNext(int max)
        {
            while (Waiting.First is { } next && TryBegin(next.Value.Key, max))
            {
                Waiting.RemoveFirst();
                next.Value.Turn.SetResult();
            }
        }

        public void End(string key)
        {
            if (--_turns[key] == 0)
            {
                _turns.Remove(key);
            }
        }
    }
}
