using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

public sealed class WordDelayTests
{
    private readonly StandingTime _time = new();
    private readonly WordDelay _delay;

    public WordDelayTests() => _delay = new WordDelay(_time);

    [Fact]
    public void A_word_is_late_by_what_it_took_longer_than_the_fastest_whatever_the_members_clock_says()
    {
        Assert.Equal(0, LateOf(said: 500_000, arrives: 1_000));
        Assert.Equal(70, LateOf(said: 500_100, arrives: 1_170));
        Assert.Equal(0, LateOf(said: 500_300, arrives: 1_280));
        Assert.Equal(90, LateOf(said: 500_400, arrives: 1_470));
    }

    [Fact]
    public void Who_does_not_say_when_it_spoke_is_never_late() => Assert.Equal(TimeSpan.Zero, _delay.Late(null));

    [Fact]
    public void A_clock_that_begins_anew_makes_words_late_for_a_while_and_never_by_more_than_counts()
    {
        LateOf(said: 10_000_000, arrives: 1_000);
        Assert.Equal(TargetMemory.Patience.TotalMilliseconds, LateOf(said: 0, arrives: 1_500));

        int turn = (int)WordDelay.Turn.TotalMilliseconds;
        LateOf(said: turn, arrives: 1_500 + turn);
        LateOf(said: 2 * turn, arrives: 1_500 + (2 * turn));
        Assert.Equal(20, LateOf(said: 3 * turn, arrives: 1_520 + (3 * turn)));
    }

    private double LateOf(int said, int arrives)
    {
        _time.Advance(TimeSpan.FromMilliseconds(arrives) - TimeSpan.FromTicks(_time.GetTimestamp()));
        return _delay.Late(TimeSpan.FromMilliseconds(said)).TotalMilliseconds;
    }
}
