using System.Text;
using Tidegate.Host.Logging;

namespace Tidegate.Host.Tests.Logging;

public sealed class LineQueueTests
{
    [Fact]
    public void Nothing_is_lost_at_exit_and_the_order_is_kept()
    {
        using var output = new MemoryStream();
        using (var queue = new LineQueue(output, Dropped))
        {
            for (int i = 0; i < 10_000; i++)
            {
                queue.Add($"{i} 日\U0001F30A\n");
            }
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i} 日\U0001F30A\n")), Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void A_stuck_terminal_holds_nobody_up_and_what_was_dropped_is_counted()
    {
        using var output = new StuckStream();
        using (var queue = new LineQueue(output, Dropped, capacity: 20))
        {
            queue.Add("first\n");
            output.WaitUntilStuck();
            queue.Add("0123456789\n");
            queue.Add("01234567\n");
            queue.Add("no room\n");
            queue.Add("no room either\n");
            output.Release();
        }

        Assert.Equal("first\n0123456789\n01234567\n2 dropped\n", output.Written);
    }

    [Fact]
    public void A_terminal_that_stays_stuck_does_not_keep_the_process_alive()
    {
        using var output = new StuckStream();
        var queue = new LineQueue(output, Dropped, exitTimeout: TimeSpan.FromMilliseconds(50));
        queue.Add("first\n");
        output.WaitUntilStuck();

        queue.Dispose();

        output.Release();
    }

    [Fact]
    public void A_closed_output_is_no_reason_to_stop()
    {
        var output = new MemoryStream();
        output.Dispose();
        using var queue = new LineQueue(output, Dropped);

        queue.Add("nobody reads this\n");
    }

    private static string Dropped(long count) => $"{count} dropped\n";

    /// <summary>A stream whose writes wait until they are released.</summary>
    private sealed class StuckStream : MemoryStream
    {
        private readonly ManualResetEventSlim _stuck = new();
        private readonly ManualResetEventSlim _released = new();

        internal string Written => Encoding.UTF8.GetString(ToArray());

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

        public override void Write(byte[] buffer, int offset, int count)
        {
            _stuck.Set();
            _released.Wait();
            base.Write(buffer, offset, count);
        }

        internal void WaitUntilStuck() => Assert.True(_stuck.Wait(TimeSpan.FromSeconds(30)));

        internal void Release() => _released.Set();
    }
}
