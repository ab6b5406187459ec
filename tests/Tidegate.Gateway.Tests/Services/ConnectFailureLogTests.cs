using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>What the log says of a back-end that is away: enough, and not more with more clients.</summary>
public sealed class ConnectFailureLogTests : IDisposable
{
    private const string Failed = "Connection to tcp://b:1 failed: connection refused (service s)";
    private readonly StandingTime _time = new();
    private readonly CollectedLog _log = new();
    private readonly ConnectFailureLog _failures;

    public ConnectFailureLogTests() => _failures = new ConnectFailureLog("tcp://b:1", "s", _time, _log);

    public void Dispose() => _log.Dispose();

    [Fact]
    public void The_first_failure_is_said_at_once_and_those_of_a_period_together()
    {
        Fail(1000);
        Assert.Equal([Failed], _log.Lines);

        _time.Advance(ConnectFailureLog.Period - TimeSpan.FromTicks(1));
        Fail(1);
        Assert.Single(_log.Lines);
        _time.Advance(TimeSpan.FromTicks(1));
        Fail(5);
        _time.Advance(ConnectFailureLog.Period);
        Fail(1);

        Assert.Equal(
            [
                Failed,
                "Connection to tcp://b:1 failed: connection refused (service s; 1000 more failed since the last such line)",
                "Connection to tcp://b:1 failed: connection refused (service s; 4 more failed since the last such line)",
            ],
            _log.At(LogLevel.Warning));
    }

    [Fact]
    public void A_success_after_failures_is_said_once_with_how_many_there_were()
    {
        _failures.OnSucceeded();
        Assert.Empty(_log.Lines);

        Fail(3);
        _failures.OnSucceeded();
        _failures.OnSucceeded();
        Assert.Equal(["Connection to tcp://b:1 succeeded again (service s; 2 more had failed)"], _log.At(LogLevel.Information));
    }

    [Fact]
    public void A_back_end_that_comes_and_goes_does_not_fill_the_log_either()
    {
        for (int i = 0; i < 100; i++)
        {
            Fail(1);
            _failures.OnSucceeded();
        }

        Assert.Equal(2, _log.Lines.Count());

        // What has become of it is not forgotten.
        _time.Advance(ConnectFailureLog.Period);
        _failures.OnSucceeded();
        _failures.OnSucceeded();
        Assert.Equal("Connection to tcp://b:1 succeeded again (service s; 99 more had failed)", _log.Lines.Last());
        Assert.Equal(3, _log.Lines.Count());
    }

    private void Fail(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _failures.OnFailed("connection refused");
        }
    }
}
