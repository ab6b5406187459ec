namespace Tidegate.Membership.Streams;

/// <summary>What all streams of a member together hold in memory, bounded. Any thread may use it.</summary>
internal sealed class StreamBudget(long maximum = StreamLimits.Held)
{
    private long _held;

    /// <summary>Bytes held now.</summary>
    internal long Held => Volatile.Read(ref _held);

    private bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= maximum)
        {
            return true;
        }

        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    /// <summary>What one stream holds. Given back when it is disposed.</summary>
    internal sealed class Share(StreamBudget budget) : IDisposable
    {
        private long _held;

        /// <summary>False, and nothing taken, where all streams would hold too much.</summary>
        internal bool TryAdd(long bytes)
        {
            if (!budget.TryTake(bytes))
            {
                return false;
            }

            _held += bytes;
            return true;
        }

        public void Dispose()
        {
            Interlocked.Add(ref budget._held, -_held);
            _held = 0;
        }
    }
}
