namespace Tidegate.Engine.Net;

/// <summary>Blocks of memory for bytes that a socket did not take at once. Belongs to one loop, so it needs no lock.</summary>
internal sealed class BlockPool
{
    internal const int Small = 4 * 1024;
    internal const int Large = 64 * 1024;
    internal const int CarrySize = 144;

    // Kept for reuse, in bytes, for each size. What is returned beyond it goes to the collector.
    private const int KeptBytes = 4 * 1024 * 1024;
    private const int KeptQueues = 256;
    private readonly Stack<byte[]> _small = new();
    private readonly Stack<byte[]> _large = new();
    private readonly Stack<PendingBytes> _queues = new();
    private readonly Stack<byte[]> _carries = new();

    /// <summary>A block of <see cref="Small"/> bytes where <paramref name="wanted"/> fits one, of <see cref="Large"/> otherwise.</summary>
    internal byte[] Rent(int wanted)
    {
        (Stack<byte[]> stack, int size) = wanted <= Small ? (_small, Small) : (_large, Large);
        return stack.TryPop(out byte[]? block) ? block : GC.AllocateUninitializedArray<byte>(size);
    }

    /// <summary>An array of <see cref="CarrySize"/> bytes, for the unfinished end of what a receive call brought.</summary>
    internal byte[] RentCarry() => _carries.TryPop(out byte[]? carry) ? carry : new byte[CarrySize];

    internal void ReturnCarry(byte[] carry)
    {
        if (_carries.Count < KeptQueues)
        {
            _carries.Push(carry);
        }
    }

    /// <summary>An empty queue whose blocks come from this pool.</summary>
    internal PendingBytes RentQueue() => _queues.TryPop(out PendingBytes? queue) ? queue : new PendingBytes(this);

    /// <summary>Takes an empty queue back.</summary>
    internal void Return(PendingBytes queue)
    {
        if (_queues.Count < KeptQueues)
        {
            _queues.Push(queue);
        }
    }

    internal void Return(byte[] block)
    {
        Stack<byte[]> stack = block.Length == Small ? _small : _large;
        if (stack.Count * block.Length < KeptBytes)
        {
            stack.Push(block);
        }
    }
}
